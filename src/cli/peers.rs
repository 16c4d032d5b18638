use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;

use super::{Ended, FAILED, USAGE, args::PeersArgs, environment, patience, session, trust::trust};
use crate::{
    config::{AuthMode, Opened, open_alone},
    fanout::{Caller, Fanout, FanoutBlock, MatrixQuery, Reason},
    metrics::Metrics,
};

/// How far back the nodes are asked: enough to see that they sample, little enough for a node in trouble.
const RANGE: Duration = Duration::from_mins(5);

/// `keyviz-fanout peers`: one fan-out of this process's own, and how it went with each node.
pub(super) fn peers(args: &PeersArgs, config: Option<&Path>) -> Result<u8, Ended> {
    let loaded = open_alone(config, &environment).map_err(Ended::from);
    let opened = loaded.map_err(|ended| Ended { code: ended.code.min(USAGE), ..ended })?;
    let trust = trust(&opened)?;
    let credentials = session::credentials(&args.session, Some(&opened)).map_err(|error| Ended::new(USAGE, error))?;
    let Opened { loaded, .. } = opened;
    let asked_for = loaded.config.auth.mode != AuthMode::None;
    if asked_for && !credentials.has_session() {
        let message = "the nodes ask for a session: give --session @FILE, or $KEYVIZ_SESSION, or run this as a user who \
                       may read auth.signing_key_file";
        return Err(Ended::new(USAGE, message));
    }
    let fanout = Arc::new(Fanout::over_http(Arc::new(Metrics::default())));
    let snapshot = Arc::new(fanout.snapshot(1, Arc::new(loaded.config), trust, None));
    let from = Timestamp::now() - RANGE;
    let query = MatrixQuery { from_unix_ms: Some(from.as_millisecond()), ..MatrixQuery::default() };
    let caller = Caller { credentials, guard: None };
    let outcome = patience::wait_for("waiting for the nodes", fanout.matrix(&snapshot, query, caller));
    print(&outcome.block, &mut io::stdout().lock())?;
    Ok(if outcome.block.complete { 0 } else { FAILED })
}

fn print(block: &FanoutBlock, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["NODE", "ROLE", "STATE", "TOOK", "BYTES", "ROWS", "COLUMNS"]);
    for index in 3..7 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for node in &block.nodes {
        let count = |count: Option<usize>| count.map_or_else(|| "-".into(), |count| count.to_string());
        let state = node.reason.map_or("ok", Reason::as_str);
        let took = format!("{:.1} ms", node.duration_ms);
        let bytes = node.bytes.to_string();
        table.add_row([&node.node, node.role.as_str(), state, &took, &bytes, &count(node.rows), &count(node.columns)]);
    }
    writeln!(out, "{table}")?;
    for node in &block.nodes {
        if let Some(error) = &node.error {
            writeln!(out, "{}: {error}", node.node)?;
        }
        for warning in &node.warnings {
            writeln!(out, "{}: {}: {}", node.node, warning.code, warning.message)?;
        }
    }
    writeln!(out, "{} of {} nodes answered", block.responded, block.expected)
}
