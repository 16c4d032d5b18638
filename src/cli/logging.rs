use std::io::Write;

/// Starts logging to standard error. Under systemd the journal has the time already.
pub(super) fn start(filter: &str) {
    let under_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(filter);
    if under_journal {
        builder.format(|out, record| writeln!(out, "<{}>{}", priority(record.level()), record.args()));
    }
    // Only a second start could fail, and the first one's filter then stays.
    let _ = builder.try_init();
}

/// syslog's number, which the journal reads from the head of the line.
fn priority(level: log::Level) -> u8 {
    match level {
        log::Level::Error => 3,
        log::Level::Warn => 4,
        log::Level::Info => 6,
        log::Level::Debug | log::Level::Trace => 7,
    }
}
