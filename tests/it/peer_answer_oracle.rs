//! What RFC 9112, WIRE §2 and SPEC §3 make of the bytes that a peer answers with, read slowly: the judge of the client's
//! adapter and of the call around it.

// By its path, which is the same from the fuzz target.
#[path = "peer_answer_oracle/reading.rs"]
mod reading;

use std::{io, net::Shutdown, pin::pin, sync::Arc, time::Duration};

use async_std::{
    net::{SocketAddr, TcpListener, TcpStream},
    task,
};
use futures_util::{AsyncReadExt, AsyncWriteExt, StreamExt, future::Either, future::select};
use keyviz_fanout::{
    Config, Fanout, LocalMatrix,
    config::LocalNode,
    fanout::{AnswerBody, Caller, Credentials, Deadline, Failure, MatrixQuery, Reason, Snapshot, Verdict},
    http::Trust,
    matrix::{Series, decode},
};

pub(crate) use reading::{Sent, read_slowly};

/// The cap on a body; small, so that small bodies reach it.
pub(crate) const CAP: usize = 1024;

/// What the peer was shown, and may send back.
pub(crate) const SESSION: &str = "eyJ0eXAi.Zm9yLXRoZS1mdXp6ZXI.c2lnbmVkLWJ5LW5vYm9keQ";
pub(crate) const CSRF: &str = "csrfcsrfofthecallerofnodes";

/// So many bytes of a secret in a row may not come back.
const PIECE: usize = 8;

/// Far beyond what a call takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// For a peer that does not come to an end.
const SHORT: Duration = Duration::from_millis(30);

/// A peer that answers every call with the same bytes, and what calls it. Both take turns on one thread.
pub(crate) struct Called {
    listener: TcpListener,
    fanout: Arc<Fanout>,
    config: Arc<Config>,
    caller: Caller,
}

struct Script<'a> {
    bytes: &'a [u8],
    /// Where the bytes are cut in two segments.
    cut: usize,
    /// Leaves the connection open at the end.
    stays: bool,
}

impl Called {
    pub(crate) fn new() -> Self {
        let listener = task::block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let config = Arc::new(config(listener.local_addr().unwrap()));
        let cookies = format!("admin_session={SESSION}; admin_csrf={CSRF}");
        let credentials = Credentials::from_cookies([cookies.as_str()].into_iter());
        let fanout = Arc::new(Fanout::over_http(Arc::default()));
        Self { listener, fanout, config, caller: Caller { credentials, guard: None } }
    }

    /// The law of any bytes, after which the connection closes: what is a whole 200 is read as it was sent, nothing
    /// else is a success, and no failure says too much.
    pub(crate) fn check_law(&self, bytes: &[u8]) {
        let (sent, spread) = (read_slowly(bytes), spread(bytes));
        let script = Script { bytes, cut: spread % (bytes.len() + 1), stays: false };
        let snapshot = Arc::new(self.fanout.snapshot(1, Arc::clone(&self.config), Trust::default(), None));
        let told = self.call(&script, &snapshot, PATIENCE);
        check_reply(bytes, &sent, &told);
        if told.is_ok() || spread % 8 == 0 {
            self.check_fanned_out(&script, &snapshot, &told);
        }
        let is_awaited = sent.ends_itself && sent.is_plain && sent.body.is_some();
        if is_awaited || spread % 64 == 0 {
            let script = Script { stays: true, ..script };
            let told = self.call(&script, &snapshot, if is_awaited { PATIENCE } else { SHORT });
            check_reply(bytes, &Sent { body: sent.body.filter(|_| sent.ends_itself), ..sent }, &told);
        }
    }

    fn call(&self, script: &Script, snapshot: &Snapshot, patience: Duration) -> Result<Vec<u8>, Failure> {
        let local = snapshot.local.as_ref().unwrap();
        let query = MatrixQuery::default().as_asked();
        let matrix = local.source.matrix(&query, &self.caller, Deadline::within(patience));
        match self.while_answering(script, matrix)? {
            LocalMatrix::Encoded(reply) => Ok(reply.body),
            LocalMatrix::Decoded(matrix) => panic!("nobody decodes before it is asked for: {matrix:?}"),
        }
    }

    fn while_answering<T>(&self, script: &Script, call: impl Future<Output = T>) -> T {
        let answering = self.listener.incoming().for_each_concurrent(None, async |stream| {
            // The client may be gone at any time.
            let _ = script.play(stream).await;
        });
        match task::block_on(select(pin!(call), pin!(answering))) {
            Either::Left((told, _)) => told,
            Either::Right(_) => panic!("no more connections come"),
        }
    }

    /// The same within a fan-out: its node is ok where the body is a node's valid matrix, and there alone.
    fn check_fanned_out(&self, script: &Script, snapshot: &Arc<Snapshot>, told: &Result<Vec<u8>, Failure>) {
        let matrix = told.as_ref().ok().and_then(|body| decode(body, Series::Writes).ok());
        let merges = matrix.is_some_and(|matrix| matrix.fanout_expected.is_none_or(|expected| expected <= 1));
        let query = MatrixQuery::default();
        let outcome = self.while_answering(script, self.fanout.matrix(snapshot, query, self.caller.clone()));
        let [node] = &outcome.block.nodes[..] else { panic!("{:?}", outcome.block) };
        assert_eq!(node.ok, merges, "{node:?}");
        match &outcome.verdict {
            Verdict::Merged(body) => assert!(merges && decode(&bytes_of(body), Series::Writes).is_ok(), "{node:?}"),
            Verdict::Refused(_) | Verdict::NoNodeAnswered => assert!(!merges, "{node:?}"),
        }
        if let Some(error) = &node.error {
            check_text(error);
        }
    }
}

fn bytes_of(body: &AnswerBody) -> Vec<u8> {
    let mut bytes = Vec::new();
    task::block_on(body.reader().read_to_end(&mut bytes)).unwrap();
    bytes
}

fn config(address: SocketAddr) -> Config {
    let mut config = Config::default();
    config.local.node = Some(LocalNode { url: format!("http://{address}").parse().unwrap(), name: "node".into() });
    config.fanout.body_cap = CAP as u64;
    config.fanout.timeout = PATIENCE;
    config.fanout.connect_timeout = PATIENCE;
    config
}

/// A number that any change of the bytes changes.
fn spread(bytes: &[u8]) -> usize {
    bytes.iter().fold(7, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)))
}

impl Script<'_> {
    async fn play(&self, stream: io::Result<TcpStream>) -> io::Result<()> {
        let mut stream = stream?;
        stream.set_nodelay(true)?;
        let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
        while !head.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            head.extend_from_slice(&buffer[..read]);
        }
        let (first, second) = self.bytes.split_at(self.cut);
        stream.write_all(first).await?;
        task::yield_now().await;
        stream.write_all(second).await?;
        if !self.stays {
            stream.shutdown(Shutdown::Write)?;
        }
        // Until the client closes, or gives up.
        while stream.read(&mut buffer).await? > 0 {}
        Ok(())
    }
}

/// What came of a call, against what was sent.
fn check_reply(bytes: &[u8], sent: &Sent, told: &Result<Vec<u8>, Failure>) {
    let shown = || format!("{}\nis {sent:?}\nbut {told:?}", bytes.escape_ascii());
    match told {
        Ok(body) => assert!(sent.body.as_ref() == Some(body) && body.len() <= CAP, "{}", shown()),
        Err(failure) => {
            assert!(!sent.is_plain || sent.body.as_ref().is_none_or(|body| body.len() > CAP), "{}", shown());
            check_failure(failure, &shown);
            let cut = sent.is_plain && sent.is_short;
            assert!(
                !cut || [Reason::Decode, Reason::TooLarge, Reason::Deadline].contains(&failure.reason),
                "{}",
                shown()
            );
        }
    }
}

fn check_failure(failure: &Failure, shown: &impl Fn() -> String) {
    let Failure { reason, message, status, code, said, bytes, .. } = failure;
    let reasons = [Reason::Auth, Reason::Status, Reason::TooLarge, Reason::Decode, Reason::Deadline, Reason::Io];
    assert!(reasons.contains(reason), "{}", shown());
    assert!(*bytes <= CAP.max(4096) as u64 + SESSION.len() as u64, "{}", shown());
    assert_eq!(status.is_some(), [Reason::Auth, Reason::Status].contains(reason), "{}", shown());
    assert_eq!(matches!(status, Some(401 | 403)), *reason == Reason::Auth, "{}", shown());
    assert!(*status != Some(200), "{}", shown());
    let plain = |code: &String| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && code.len() <= 64;
    assert!(code.as_ref().is_none_or(plain), "{}", shown());
    for text in [Some(message), code.as_ref(), said.as_ref()].into_iter().flatten() {
        check_text(text);
    }
}

/// A text that is shown: short, on one line, without a piece of what the peer was shown.
fn check_text(text: &str) {
    assert!(text.len() < 16 << 10 && !text.contains(is_hostile), "{text:?}");
    for secret in [SESSION, CSRF] {
        let pieces = secret.as_bytes().windows(PIECE).map(|piece| std::str::from_utf8(piece).unwrap());
        let found: Vec<_> = pieces.filter(|piece| text.contains(piece)).collect();
        assert_eq!(found, [""; 0], "{text}");
    }
}

/// A control character, or one that breaks or turns the line it is shown in.
fn is_hostile(c: char) -> bool {
    c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c)
}
