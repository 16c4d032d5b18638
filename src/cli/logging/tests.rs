use std::{io, os::unix::ffi::OsStrExt, sync::Mutex};

use log::Level;

use super::*;

/// Where a logger writes to, read by the test.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    /// A logger as the journal gets it, which writes here.
    fn logger(&self, filter: &str) -> Logger {
        builder(filter, true).target(env_logger::Target::Pipe(Box::new(self.clone()))).build()
    }

    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// As the macros do it: the process's level is asked before the logger.
fn write(switch: &Switch, max: LevelFilter, level: Level, target: &str, text: &str) {
    if level <= max {
        switch.log(&Record::builder().level(level).target(target).args(format_args!("{text}")).build());
    }
}

/// What of a record in each level and of two modules is written under each filter in turn.
fn written(filters: &[&str]) -> Vec<String> {
    let page = Page::default();
    let switch = Switch::new(page.logger("off"));
    let under = |filter: &&str| {
        let max = switch.put(page.logger(filter));
        for level in Level::iter() {
            write(&switch, max, level, "keyviz_fanout::api", "ours");
            write(&switch, max, level, "tide", "theirs");
        }
        page.take()
    };
    filters.iter().map(under).collect()
}

#[test]
fn raising_and_lowering_take_effect_for_the_next_record() {
    let [quiet, loud, again]: [String; 3] = written(&["error", "debug", "error"]).try_into().unwrap();
    assert_eq!(quiet, "<3>ours\n<3>theirs\n");
    assert_eq!(loud, "<3>ours\n<3>theirs\n<4>ours\n<4>theirs\n<6>ours\n<6>theirs\n<7>ours\n<7>theirs\n");
    assert_eq!(again, quiet);
}

#[test]
fn a_filter_of_modules_or_of_texts_takes_effect_like_a_level() {
    let [modules, texts, capitals, nothing]: [String; 4] =
        written(&["warn,keyviz_fanout=trace", "trace/^the", "tide=INFO", "off"]).try_into().unwrap();
    assert_eq!(modules, "<3>ours\n<3>theirs\n<4>ours\n<4>theirs\n<6>ours\n<7>ours\n<7>ours\n");
    assert_eq!(texts, "<3>theirs\n<4>theirs\n<6>theirs\n<7>theirs\n<7>theirs\n");
    assert_eq!(capitals, "<3>theirs\n<4>theirs\n<6>theirs\n");
    assert_eq!(nothing, "");
}

#[test]
fn outside_the_journal_a_line_has_its_time_level_and_module() {
    let page = Page::default();
    let logger = builder("info", false).target(env_logger::Target::Pipe(Box::new(page.clone()))).build();
    write(&Switch::new(logger), LevelFilter::Info, Level::Info, "tide", "started");
    let line = page.take();
    assert!(line.starts_with('[') && line.ends_with(" INFO  tide] started\n"), "{line}");
}

#[test]
fn a_variable_that_is_no_filter_is_named_with_the_reason() {
    let told = |value: &[u8]| why_ignored(OsStr::from_bytes(value));
    assert_eq!((told(b""), told(b"warn,tide=off")), (None, None));
    let misspelt = told(b"wran").unwrap();
    assert_eq!(misspelt, "RUST_LOG=\"wran\" is ignored: \"wran\" is not a level; did you mean \"warn\"?");
    assert!(told(b"tide=loud").unwrap().starts_with("RUST_LOG=\"tide=loud\" is ignored: "));
    assert_eq!(told(b"a\xff").unwrap(), "RUST_LOG=\"a\u{fffd}\" is ignored: is not UTF-8");
    let long = told(format!("tide={}\n", "x".repeat(1000)).as_bytes()).unwrap();
    assert!(long.len() < 400 && !long.contains('\n'), "{long}");
}
