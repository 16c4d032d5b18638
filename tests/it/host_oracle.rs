//! Which requests SPEC §2 and §5 let in by their Host, read slowly off the bytes of a request's head: the judge of the
//! server's adapter and of the gate behind it.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use async_std::task;
use keyviz_fanout::{
    Config, Service, api,
    config::{AuthMode, LocalNode},
    http::{ServeOptions, serve},
    peers::interface_addresses,
};
use serde_json::Value;
use url::Host;

/// Far beyond what an answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names and addresses in the daemon's configuration, each from another key.
pub(crate) const LISTEN: &str = "192.0.2.7";
pub(crate) const ALLOWED: [&str; 4] = ["keyviz.example", "under_score.example", "203.0.113.5", "2001:db8::1"];
pub(crate) const NODE: &str = "node.internal";
pub(crate) const OWN_ENTRY: &str = "self.example";
/// An entry at a port that is not the daemon's, on this host all the same: Debian's name for itself is such a one.
pub(crate) const ENTRY_HERE: &str = "here.example";
/// An entry that is another node: its name is none of ours.
pub(crate) const OTHER_ENTRY: &str = "other.example";
/// By whom each entry of the file is found, so that no look-up has to say it.
const ENTRIES: [(&str, &str); 3] =
    [(OWN_ENTRY, "192.0.2.7:8090"), (ENTRY_HERE, "127.0.1.1:9999"), (OTHER_ENTRY, "192.0.2.8:8090")];

const CODES: [&str; 12] = [
    "invalid_query",
    "unauthenticated",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "misdirected",
    "no_node_answered",
    "incomplete",
    "local_unavailable",
    "keyviz_disabled",
    "loop_detected",
    "internal",
];

/// A daemon that lets nobody read a matrix, on a socket, with the names that are its own.
pub(crate) struct Door {
    address: SocketAddr,
    names: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Door {
    /// Serves to the end of the process.
    pub(crate) fn open() -> Self {
        let service = Service::builder(config()).build();
        let snapshot = service.snapshot();
        for (peer, (_, address)) in snapshot.peers.iter().zip(ENTRIES) {
            peer.state.update(|memory| memory.addresses = vec![address.parse().unwrap()]);
        }
        let local = snapshot.local.as_ref().unwrap();
        local.state.update(|memory| memory.addresses = vec!["192.0.2.9:8080".parse().unwrap()]);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let app = api::app(service.clone());
        let options = move || ServeOptions { refusal_headers: service.headers(), ..ServeOptions::default() };
        task::spawn(serve(listener.into(), app, options, std::future::pending()));
        let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_lowercase();
        let short = hostname.split('.').next().unwrap().to_owned();
        let mut names = vec!["localhost".into(), hostname, short, NODE.into(), OWN_ENTRY.into(), ENTRY_HERE.into()];
        names.extend(ALLOWED.map(str::to_owned));
        let mut addresses: Vec<IpAddr> = ALLOWED.iter().filter_map(|allowed| allowed.parse().ok()).collect();
        addresses.push(LISTEN.parse().unwrap());
        addresses.extend(interface_addresses());
        Self { address, names, addresses }
    }

    /// The law of any head of a request: it gets an answer, which says nothing to those who name a host that is not
    /// ours; and one that is written plainly gets just the answer that is due.
    pub(crate) fn check_law(&self, head: &[u8]) {
        let head = head_of(head);
        if head.is_empty() {
            return;
        }
        let answer = self.ask(&head);
        let told = || format!("{} got {:?} {}", head.escape_ascii(), answer.status, answer.text.escape_debug());
        answer.check_form(&told);
        let named = Named::of(&head);
        if !REFUSED.contains(&answer.status) {
            assert!(self.is_let_in(&named), "{}", told());
        }
        if is_plain(&head) {
            let due = if self.is_let_in(&named) { !REFUSED.contains(&answer.status) } else { answer.status == 421 };
            assert!(due, "{}", told());
        }
    }

    fn is_let_in(&self, named: &Named) -> bool {
        let Named::One(authority) = named else { return *named == Named::NobodyIn10 };
        let host = without_port(authority.rsplit('@').next().unwrap_or_default());
        match Host::parse(host) {
            Ok(Host::Domain(name)) => self.names.iter().any(|own| *own == name.strip_suffix('.').unwrap_or(&name)),
            Ok(Host::Ipv4(ip)) => self.is_own(ip.into()),
            Ok(Host::Ipv6(ip)) => self.is_own(IpAddr::from(ip).to_canonical()),
            Err(_) => false,
        }
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.addresses.contains(&ip)
    }

    fn ask(&self, head: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A head that is refused early may be closed on while it is written.
        let _ = stream.write_all(head);
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            if let Some(answer) = Answer::of(&bytes, head.starts_with(b"HEAD ")) {
                return answer;
            }
            match stream.read(&mut buffer) {
                Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
                // The fuzzer's clock.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                end => panic!("{} got {} and then {end:?}", head.escape_ascii(), bytes.escape_ascii()),
            }
        }
    }
}

/// The answers by which a request is not let in.
const REFUSED: [u16; 4] = [400, 405, 421, 431];

/// Up to its first empty line, which is put there if there is none.
fn head_of(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(bytes.len());
    let text = &bytes[start..];
    let end = |mark: &[u8]| text.windows(mark.len()).position(|window| window == mark).unwrap_or(text.len());
    let end = end(b"\n\n").min(end(b"\n\r\n"));
    let head = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
    if head.is_empty() { Vec::new() } else { [head, b"\r\n\r\n"].concat() }
}

fn config() -> Config {
    let mut config = Config::default();
    config.server.listen = format!("{LISTEN}:8090").parse().unwrap();
    config.server.allow_insecure = true;
    config.server.allowed_hosts =
        ALLOWED.map(|host| if host.contains(':') { format!("[{host}]") } else { host.into() }).into();
    config.local.node = Some(LocalNode { url: format!("http://{NODE}:8080").parse().unwrap(), name: "node".into() });
    let entry = |(host, address): (&str, &str)| {
        let port = address.rsplit(':').next().unwrap();
        format!("{host}:{port}").parse().unwrap()
    };
    config.fanout.peers = ENTRIES.map(entry).into();
    // Without the key there is no session that is good, and so nobody who is asked for anything.
    config.auth.mode = AuthMode::Mint;
    config
}

/// Whom a head asks for.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    /// This authority: that of a target in absolute form, or the one Host.
    One(String),
    /// HTTP/1.0 did not know the field.
    NobodyIn10,
    Unclear,
}

impl Named {
    fn of(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head).into_owned();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let (target, version) =
            (first.split(' ').nth(1).unwrap_or_default(), first.rsplit(' ').next().unwrap_or_default());
        let fields = lines.filter_map(|line| line.split_once(':'));
        let hosts: Vec<_> =
            fields.filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host.trim()).collect();
        let absolute = !target.starts_with('/') && target != "*";
        let without_scheme = target.split_once("://").map_or(target, |(_, rest)| rest);
        match hosts[..] {
            [_, _, ..] => Self::Unclear,
            _ if absolute => Self::One(without_scheme.split(['/', '?', '#']).next().unwrap_or_default().to_owned()),
            [host] => Self::One(host.to_owned()),
            [] if version.trim() == "HTTP/1.0" => Self::NobodyIn10,
            [] => Self::Unclear,
        }
    }
}

fn without_port(authority: &str) -> &str {
    match authority.find(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// As a plain client writes it, with a Host that is a name, or an address as it is usually written.
fn is_plain(head: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(head) else { return false };
    let lines: Vec<_> = text.trim_end_matches("\r\n").split("\r\n").collect();
    let (first, fields) = (lines[0].split(' ').collect::<Vec<_>>(), &lines[1..]);
    let [method, target, "HTTP/1.1"] = first[..] else { return false };
    let in_target = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~?=&".contains(&byte);
    let fields: Option<Vec<_>> = fields.iter().map(|line| plain_field(line)).collect();
    let hosts: Vec<_> = fields.iter().flatten().filter(|(name, _)| name.eq_ignore_ascii_case("host")).collect();
    ["GET", "HEAD"].contains(&method)
        && target.starts_with('/')
        && target.bytes().all(in_target)
        && fields.as_ref().is_some_and(|fields| fields.len() < 50)
        && matches!(hosts[..], [(_, host)] if is_plain_host(host))
}

/// Name and value of a field that every server takes, and that says nothing of the connection or a body.
fn plain_field(line: &str) -> Option<(&str, &str)> {
    const OF_THE_HOP: [&str; 7] =
        ["connection", "content-length", "transfer-encoding", "upgrade", "expect", "te", "trailer"];
    let (name, value) = line.split_once(": ")?;
    let plain_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let plain_value = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (plain_name && plain_value && !OF_THE_HOP.contains(&&*name.to_lowercase())).then_some((name, value))
}

fn is_plain_host(authority: &str) -> bool {
    let host = without_port(authority);
    let port = &authority[host.len()..];
    let number = port.strip_prefix(':').and_then(|port| port.parse::<u16>().ok());
    let plain_port = port.is_empty() || number.is_some_and(|number| port == format!(":{number}"));
    let in_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let spelled = match Host::parse(host) {
        Ok(Host::Domain(name)) => name == host && host.bytes().all(in_name),
        Ok(ip) => ip.to_string() == host,
        Err(_) => false,
    };
    plain_port && spelled
}

struct Answer {
    status: u16,
    text: String,
    body: Vec<u8>,
}

impl Answer {
    /// Once all of it is there.
    fn of(bytes: &[u8], head_only: bool) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = text.strip_prefix("HTTP/1.1 ").or(text.strip_prefix("HTTP/1.0 ")).unwrap();
        let status = status[..3].parse().unwrap();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = if head_only { 0 } else { length.map_or(0, |length| length.parse().unwrap()) };
        let body = bytes.get(end..end + length)?.to_vec();
        Some(Self { status, text, body })
    }

    /// What every answer is (SPEC §2).
    fn check_form(&self, told: &impl Fn() -> String) {
        for name in ["x-keyviz-instance: ", "x-keyviz-config-generation: 1\r\n", "x-content-type-options: nosniff\r\n"]
        {
            assert!(self.text.to_lowercase().contains(name), "{name:?}: {}", told());
        }
        assert!([200, 302, 400, 401, 404, 405, 421, 431, 508].contains(&self.status), "{}", told());
        if self.status >= 400 && !self.body.is_empty() {
            let error: Value = serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", told()));
            let code = error["error"].as_str().unwrap_or_default();
            assert!(CODES.contains(&code) && code != "internal" && error["message"].is_string(), "{}", told());
        }
    }
}
