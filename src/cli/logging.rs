//! Logging to standard error, by a filter that can change while the process runs (`log.level`, SPEC §5).

use std::{ffi::OsStr, io::Write, sync::Arc};

use arc_swap::ArcSwap;
use env_logger::{Builder, Logger};
use log::{LevelFilter, Log, Metadata, Record};
use rustix::fs::fstat;

use crate::config::{parse_filter, quote};

/// What is logged, to be changed at a reload.
#[derive(Clone)]
pub(super) struct LogLevel(Arc<Switch>);

/// Starts logging by `filter`, in `env_logger`'s form.
pub(super) fn start(filter: &str) -> LogLevel {
    let level = LogLevel(Arc::new(Switch::new(builder(filter, under_journal()).build())));
    // Only a second start could fail, and the first one's filter then stays.
    if log::set_boxed_logger(Box::new(Arc::clone(&level.0))).is_ok() {
        log::set_max_level(level.0.active.load().filter());
    }
    level
}

impl LogLevel {
    /// Logs by `filter` from the next record on. Nobody else may change it meanwhile.
    pub(super) fn set(&self, filter: &str) {
        log::set_max_level(self.0.put(builder(filter, under_journal()).build()));
    }
}

/// Says what is wrong with `$RUST_LOG`, which loading the configuration passes over: no file may fail for it.
pub(super) fn warn_of_an_ignored_variable() {
    if let Some(warning) = std::env::var_os("RUST_LOG").and_then(|value| why_ignored(&value)) {
        log::warn!("{warning}");
    }
}

fn why_ignored(value: &OsStr) -> Option<String> {
    let shown = value.to_string_lossy();
    let why = match value.to_str() {
        Some("") => return None,
        Some(filter) => parse_filter(filter).err()?,
        None => "is not UTF-8".into(),
    };
    Some(format!("RUST_LOG={} is ignored: {why}", quote(&shown)))
}

/// The process's one logger: it stays, what it logs by does not.
struct Switch {
    active: ArcSwap<Logger>,
}

impl Switch {
    fn new(logger: Logger) -> Self {
        Self { active: ArcSwap::from_pointee(logger) }
    }

    /// Logs by another logger from now on; the level above which it drops everything.
    fn put(&self, logger: Logger) -> LevelFilter {
        let max = logger.filter();
        self.active.store(Arc::new(logger));
        max
    }
}

impl Log for Switch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.active.load().enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        self.active.load().log(record);
    }

    fn flush(&self) {
        self.active.load().flush();
    }
}

/// Whether standard error goes to the journal: a child inherits the variable even where it writes elsewhere.
pub(super) fn under_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    fstat(std::io::stderr()).is_ok_and(|file| stream == format!("{}:{}", file.st_dev, file.st_ino))
}

/// The journal has the time already.
fn builder(filter: &str, under_journal: bool) -> Builder {
    let mut builder = Builder::new();
    // notify complains of every folder that is gone; whether all are watched is told elsewhere.
    builder.filter_module("notify", LevelFilter::Off).parse_filters(filter);
    if under_journal {
        builder.format(|out, record| writeln!(out, "{}{}", priority_prefix(record.level()), record.args()));
    }
    builder
}

/// syslog's priority prefix, which the journal takes off the head of a line.
pub(super) fn priority_prefix(level: log::Level) -> String {
    let priority = match level {
        log::Level::Error => 3,
        log::Level::Warn => 4,
        log::Level::Info => 6,
        log::Level::Debug | log::Level::Trace => 7,
    };
    format!("<{priority}>")
}

#[cfg(test)]
mod tests;
