use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use log::Level;
use surf::StatusCode;
use terminal_size::{Height, Width, terminal_size};
use url::Url;

use super::{
    Ended, FAILED, USAGE,
    args::{Format, QueryArgs},
    environment, patience, say, session,
    trust::trust,
    view::{self, Answer, Colour, Terminal},
};
use crate::{
    config::{NotFound, OpenError, Opened, Server, open_alone},
    fanout::{Credentials, MATRIX_PATH, MAX_ROWS, NodeQuery, Redactor},
    http::{ConnectTimeout, HyperClient, Trust},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// `keyviz-fanout query`: one question to a daemon, shown.
pub(super) fn query(args: &QueryArgs, config: Option<&Path>) -> Result<u8, Ended> {
    // Once: it may come through a pipe.
    let opened = open_alone(config, &environment);
    let credentials = session::credentials(&args.session, opened.as_ref().ok());
    let credentials = credentials.map_err(|error| Ended::new(USAGE, error))?;
    let daemon = Daemon::named(args.url.as_deref(), opened, config.is_some())?;
    let url = question(args, &daemon.url)?;
    let waiting_for = format!("waiting for {}", url.host_str().unwrap_or_default());
    let (status, body) = patience::wait_for(&waiting_for, fetch(url, daemon.trust, &credentials, args.timeout))?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if status != StatusCode::Ok {
        return Err(refused(status, &body, &credentials.redactor(), args.format, &mut out)?);
    }
    show(&body, args.format, &mut out)?;
    out.flush()?;
    Ok(0)
}

fn question(args: &QueryArgs, base: &str) -> Result<Url, Ended> {
    let mut url = Url::parse(base)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
        .ok_or_else(|| Ended::new(USAGE, format!("{base:?} is no URL of a daemon; write http://host:port")))?;
    let now = Timestamp::now();
    let query = NodeQuery {
        series: args.series,
        from_unix_ms: args.from.map(|from| from.unix_ms(now)),
        to_unix_ms: args.to.map(|to| to.unix_ms(now)),
        rows: args.rows.map_or(MAX_ROWS, |rows| rows as usize),
    };
    url.set_path(MATRIX_PATH);
    url.set_query(Some(&query.to_string()));
    Ok(url)
}

/// The daemon that is asked.
struct Daemon {
    url: String,
    trust: Trust,
}

impl Daemon {
    /// The one at `url`, else the one that the configuration is for, whose file was named on the command line or not.
    fn named(url: Option<&str>, opened: Result<Opened, OpenError>, file_named: bool) -> Result<Self, Ended> {
        let opened = match opened {
            Ok(opened) => Some(opened),
            Err(_) if url.is_some() => None,
            // The daemon's file may be closed to those who only ask the daemon.
            Err(OpenError::NotFound(NotFound { named_by: None, .. }) | OpenError::Unreadable(_)) if !file_named => None,
            Err(error) => return Err(Ended::new(USAGE, format!("{error}; name the daemon with --url"))),
        };
        let trust = opened.as_ref().map(trust).transpose();
        let server = opened.map(|opened| opened.loaded.config.server).unwrap_or_default();
        let url = url.map_or_else(|| daemon_here(&server), str::to_owned);
        // Who asks in the clear needs no roots, and may not be able to read them.
        let trust = if url.starts_with("https:") { trust?.unwrap_or_default() } else { Trust::default() };
        Ok(Self { url, trust })
    }
}

/// Where this host's daemon listens.
fn daemon_here(Server { listen, tls_cert_file, .. }: &Server) -> String {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        ip if ip.is_ipv4() => std::net::Ipv4Addr::LOCALHOST.into(),
        _ => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    let scheme = if tls_cert_file.is_some() { "https" } else { "http" };
    format!("{scheme}://{}", std::net::SocketAddr::new(ip, listen.port()))
}

async fn fetch(
    url: Url,
    trust: Trust,
    credentials: &Credentials,
    within: Duration,
) -> Result<(StatusCode, Vec<u8>), Ended> {
    let client = surf::Client::with_http_client(HyperClient);
    let mut request = surf::http::Request::new(surf::http::Method::Get, url.clone());
    request.ext_mut().insert(ConnectTimeout(CONNECT_TIMEOUT));
    request.ext_mut().insert(trust);
    if let Some(cookies) = credentials.cookie_header() {
        request.insert_header("Cookie", cookies);
    }
    let answer = async {
        let mut response = client.send(request).await?;
        let body = response.body_bytes().await?;
        Ok::<_, surf::Error>((response.status(), body))
    };
    let daemon = url.origin().ascii_serialization();
    let failed = |error: String| Ended::new(FAILED, format!("ask {daemon}: {error}"));
    match async_std::future::timeout(within, answer).await {
        Ok(answer) => answer.map_err(|error| failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer in {}", humantime::format_duration(within)))),
    }
}

/// An error that the daemon explains; to a machine, its own JSON goes on as well.
fn refused(
    status: StatusCode,
    body: &[u8],
    redactor: &Redactor,
    format: Format,
    out: &mut impl Write,
) -> io::Result<Ended> {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
        message: String,
        fanout: Option<view::Fanout>,
    }
    if format == Format::Json {
        view::json::render(body, out)?;
        out.flush()?;
    }
    let Ok(Refusal { error, message, fanout }) = serde_json::from_slice(body) else {
        return Ok(Ended::new(FAILED, format!("status {status}, and the answer is no error of a daemon")));
    };
    let hint = match status {
        StatusCode::Unauthorized => {
            "\ngive a session: --session @FILE, or $KEYVIZ_SESSION, or run this as a user who may read auth.signing_key_file"
        }
        _ => "",
    };
    let nodes = fanout.into_iter().flat_map(|fanout| fanout.nodes).filter(|node| !node.ok);
    let nodes = nodes.map(|node| format!("{}: {}", node.node, node.error.unwrap_or_default()));
    let told = std::iter::once(format!("{error}: {message}")).chain(nodes).map(|line| redactor.clean(&line));
    Ok(Ended::new(FAILED, told.collect::<Vec<_>>().join("\n") + hint))
}

fn show(body: &[u8], format: Format, out: &mut impl Write) -> Result<(), Ended> {
    let answer = Answer::parse(body).map_err(|error| Ended::new(FAILED, error))?;
    if matches!(format, Format::Csv | Format::Json) {
        // The output goes to a file or a program, and must not be taken for the whole when it is not.
        for caveat in view::caveats(&answer) {
            say(Level::Warn, &caveat);
        }
    }
    let size = terminal_size().map(|(Width(width), Height(height))| (width, height));
    match format {
        Format::Csv => view::csv::render(&answer, out)?,
        Format::Heatmap => view::heatmap::render(&answer, &heatmap(size), out)?,
        Format::Json => view::json::render(body, out)?,
        Format::Table => {
            let fallback = view::table::Options::default();
            let width = size.map_or(fallback.width, |(width, _)| width);
            view::table::render(&answer, &view::table::Options { width, ..fallback }, out)?;
        }
    }
    Ok(())
}

fn heatmap(size: Option<(u16, u16)>) -> view::heatmap::Options {
    let [no_color, colorterm, term] = ["NO_COLOR", "COLORTERM", "TERM"].map(|name| std::env::var(name).ok());
    let colour = Colour::of(&Terminal {
        is_terminal: io::stdout().is_terminal(),
        no_color: no_color.as_deref(),
        colorterm: colorterm.as_deref(),
        term: term.as_deref(),
    });
    let fallback = view::heatmap::Options::default();
    let (width, height) = size.unwrap_or((fallback.width, fallback.height));
    view::heatmap::Options { width, height, colour }
}
