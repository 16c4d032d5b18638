//! A manual page as text, in the `man` macros of groff.

use roff::{Inline, Roff, bold, roman};

/// A page that grows from top to bottom. In all texts, backticks enclose what has to be typed as it stands.
pub(crate) struct Page(Roff);

impl Page {
    /// A page with its name and what it is about.
    pub(crate) fn new(name: &str, section: &str, manual: &str, about: &str) -> Self {
        let version = concat!("keyviz-fanout ", env!("CARGO_PKG_VERSION"));
        let mut page = Self(Roff::new());
        page.0.control("TH", [name, section, "\"\"", version, manual]);
        page.plain_lines();
        page.section("NAME");
        page.0.text([roman(format!("{name} - {}", ascii(about)))]);
        page
    }

    pub(crate) fn section(&mut self, title: &str) {
        self.0.control("SH", [title]);
    }

    pub(crate) fn subsection(&mut self, title: &str) {
        self.0.control("SS", [title]);
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.0.control("PP", []).text(inline(text));
    }

    /// What a tag stands for, indented below it.
    pub(crate) fn item(&mut self, tag: &str, text: &str) {
        self.0.control("TP", []).text(inline(tag)).text(inline(text));
    }

    /// Items within the last item.
    pub(crate) fn nested(&mut self, items: impl FnOnce(&mut Self)) {
        self.0.control("RS", []);
        items(self);
        self.0.control("RE", []);
    }

    /// Ends the line within a text.
    pub(crate) fn line(&mut self, text: &str) {
        self.0.control("br", []).text(inline(text));
    }

    /// How a command is called: each of `words` stays on one line.
    pub(crate) fn synopsis(&mut self, command: &str, words: &[String]) {
        self.0.control("SY", [command.replace('-', "\\-").as_str()]);
        for word in words {
            self.0.text(inline(word));
        }
        self.0.control("YS", []);
        // Which takes both back to what they are by default.
        self.plain_lines();
    }

    /// Paths and names of options are to be copied: they are not parted at the end of a line, nor are lines padded.
    fn plain_lines(&mut self) {
        self.0.control("nh", []).control("ad", ["l"]);
    }

    /// Lines as they stand.
    pub(crate) fn verbatim(&mut self, lines: &str) {
        self.0.control("PP", []).control("RS", []).control("nf", []);
        for line in lines.lines() {
            self.0.text([roman(ascii(line))]);
        }
        self.0.control("fi", []).control("RE", []);
    }

    pub(crate) fn render(self) -> String {
        // A space that no line may end at.
        self.0.render().replace('\u{a0}', "\\ ")
    }
}

fn inline(text: &str) -> Vec<Inline> {
    let parts = ascii(text);
    let parts = parts.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(index, part)| if index % 2 == 1 { bold(part) } else { roman(part) }).collect()
}

/// The page is read on bare terminals too, where nothing else is shown.
fn ascii(text: &str) -> String {
    text.replace('…', "...").replace('×', "x").replace('→', "->")
}
