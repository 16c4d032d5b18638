use std::{io, path::Path, time::Duration};

use log::Level;

use super::{
    Ended, FAILED,
    args::ControlArgs,
    say_as_is, socket,
    view::{self, Verdict},
};
use crate::control::Command;

/// How long a reload may take: keys and certificates are read, and names looked up.
const WITHIN: Duration = Duration::from_mins(1);

/// `keyviz-fanout reload`: has the daemon read its file again, and says what became of that.
pub(super) fn reload(args: &ControlArgs, config: Option<&Path>) -> Result<u8, Ended> {
    let answer = socket::ask(args, config, Command::Reload, WITHIN)?;
    let verdict = Verdict::parse(&answer).map_err(|error| Ended::new(FAILED, error))?;
    let mut out = io::stdout().lock();
    if args.json {
        view::json::render(format!("{answer:#}").as_bytes(), &mut out)?;
    } else if verdict.is_refused() {
        let mut said = Vec::new();
        verdict.render(&mut said)?;
        say_as_is(Level::Error, &String::from_utf8_lossy(&said));
    } else {
        verdict.render(&mut out)?;
    }
    Ok(if verdict.is_refused() { FAILED } else { 0 })
}
