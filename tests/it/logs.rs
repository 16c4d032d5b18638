//! What the process logs, all tests' lines together: a process has one logger. A node's address tells whose they are.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]

use std::sync::{Mutex, Once};

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Capture(Mutex<String>);

static CAPTURE: Capture = Capture(Mutex::new(String::new()));

impl Log for Capture {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Debug
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
            self.0.lock().unwrap().push_str(&line);
        }
    }

    fn flush(&self) {}
}

/// From now on lines are kept, down to debug.
pub(crate) fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&CAPTURE).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// All lines so far, as `LEVEL target message`.
pub(crate) fn logged() -> String {
    CAPTURE.0.lock().unwrap().clone()
}

/// The lines of `level` and above that name this node.
pub(crate) fn logged_of(node: &str, level: Level) -> Vec<String> {
    let of_level = |line: &&str| line.split(' ').next().unwrap().parse::<Level>().is_ok_and(|found| found <= level);
    logged().lines().filter(of_level).filter(|line| line.contains(node)).map(str::to_owned).collect()
}
