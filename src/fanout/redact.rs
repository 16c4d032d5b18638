use crate::text::push_escaped;

const REDACTED: &str = "[redacted]";

/// A secret shorter than this is not looked for: it would match everywhere, and protect nothing.
const SHORTEST: usize = 4;

/// So many bytes of a secret in a row go as the whole does: what errors quote is cut and escaped before it gets here.
const PIECE: usize = 8;

/// Makes text from the network fit to be shown: without the credentials that were sent, without control characters.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret that contains another goes whole.
    secrets: Vec<String>,
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl Iterator<Item = &'a String>) -> Self {
        let mut secrets: Vec<String> = secrets.filter(|secret| secret.len() >= SHORTEST).cloned().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    /// How many bytes past a cut must be at hand, so that a secret across the cut is known as one.
    pub(crate) fn lookahead(&self) -> usize {
        self.secrets.first().map_or(0, String::len)
    }

    /// `text` without secrets, its control characters escaped.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.clean_prefix(text, usize::MAX)
    }

    /// As [`Redactor::clean`], of the first `limit` bytes alone.
    pub(crate) fn clean_prefix(&self, text: &str, limit: usize) -> String {
        let mut out = String::new();
        let mut at = 0;
        while at < limit {
            let rest = &text[at..];
            if let Some(length) = self.secret_at_start(rest) {
                out.push_str(REDACTED);
                at += length;
                continue;
            }
            let Some(next) = rest.chars().next().filter(|c| at + c.len_utf8() <= limit) else { break };
            push_escaped(&mut out, next);
            at += next.len_utf8();
        }
        out
    }

    /// The length of what `text` begins with of a secret, if that is the whole secret or a piece that tells of it.
    fn secret_at_start(&self, text: &str) -> Option<usize> {
        let whole = self.secrets.iter().find(|secret| text.starts_with(secret.as_str())).map(String::len);
        let piece = || self.secrets.iter().map(|secret| longest_piece(secret, text)).max();
        whole.or_else(piece).filter(|&length| length >= PIECE || whole.is_some())
    }
}

/// How much of `text`, from its start, stands anywhere in `secret`.
fn longest_piece(secret: &str, text: &str) -> usize {
    let common = |from: usize| secret.bytes().skip(from).zip(text.bytes()).take_while(|(a, b)| a == b).count();
    let longest = (0..secret.len()).map(common).max().unwrap_or(0);
    (0..=longest).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new([String::from("canary"), "canary-and-more".into(), "ab".into()].iter())
    }

    #[test]
    fn secrets_go_wherever_they_are_the_longest_first() {
        assert_eq!(redactor().clean("x canary y canary-and-more ab"), "x [redacted] y [redacted] ab");
    }

    #[test]
    fn a_secret_across_the_cut_goes_whole_and_none_slides_in() {
        let text = "0123canary canary";
        for limit in 5..=10 {
            assert_eq!(redactor().clean_prefix(text, limit), "0123[redacted]", "{limit}");
        }
        assert_eq!(redactor().clean_prefix(text, 4), "0123");
    }

    #[test]
    fn a_piece_of_eight_bytes_goes_wherever_it_is_cut_out() {
        let redactor = Redactor::new([String::from("0123456789abcdef")].iter());
        assert_eq!(redactor.clean("(01234567…) 456789abcdef! 6789abcd"), "([redacted]…) [redacted]! [redacted]");
        assert_eq!(redactor.clean("(0123456…) 9abcdef"), "(0123456…) 9abcdef");
        let words = Redactor::new([String::from("añejo añejo")].iter());
        assert_eq!(words.clean("añejo añexo"), "[redacted]xo");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(redactor().clean("a\r\n\u{1b}[31m\u{202e}\u{200b}é"), "a\\r\\n\\u{1b}[31m\\u{202e}\\u{200b}é");
    }
}
