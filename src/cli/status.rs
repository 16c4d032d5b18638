use std::{
    io::{self, Write},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use terminal_size::{Width, terminal_size};

use super::{
    Ended, FAILED,
    args::ControlArgs,
    socket,
    view::{self, Status},
};
use crate::control::Command;

/// How long to wait for an answer that the daemon has at hand.
const WITHIN: Duration = Duration::from_secs(10);

/// `keyviz-fanout status`: how the daemon of this host does.
pub(super) fn status(args: &ControlArgs, config: Option<&Path>) -> Result<u8, Ended> {
    let answer = socket::ask(args, config, Command::Status, WITHIN)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if args.json {
        view::json::render(format!("{answer:#}").as_bytes(), &mut out)?;
    } else {
        let status = Status::parse(&answer).map_err(|error| Ended::new(FAILED, error))?;
        let fallback = view::status::Options::at(Timestamp::now());
        let width = terminal_size().map_or(fallback.width, |(Width(width), _)| width);
        view::status::render(&status, &view::status::Options { width, ..fallback }, &mut out)?;
    }
    out.flush()?;
    Ok(0)
}
