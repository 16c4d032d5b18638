//! What has to hold of every single answer, whatever the nodes and the file did meanwhile.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use keyviz_fanout::{fanout::Reason, matrix::Matrix};

use super::{
    answer::{Block, Listed, Refusal, Served},
    ledger::{Ledger, Mark, Sent},
    question::Question,
    settings::Settings,
    traced::{Traced, told, warnings},
};
use crate::{oracle, running::Answer};

/// How late an answer may be: what a machine explains that is busy with other things.
pub(super) const LATE: Duration = Duration::from_secs(3);

/// An answer with what is known of how it came about.
pub(super) struct Case<'a> {
    pub(super) question: &'a Question,
    pub(super) answer: &'a Answer,
    pub(super) settings: &'a Settings,
    pub(super) asked_at: Instant,
    pub(super) took: Duration,
}

impl Case<'_> {
    /// Before this no call was made for the question.
    fn since(&self) -> Instant {
        self.asked_at.checked_sub(self.settings.timeout + LATE).unwrap_or(self.asked_at)
    }
}

/// What was found wrong, for whoever has to find out why.
pub(super) type Broken = String;

/// The judge of all answers, who remembers in which fan-out each node's matrix was used.
pub(super) struct Laws {
    ledger: Arc<Ledger>,
    used: Mutex<HashMap<u64, String>>,
}

impl Laws {
    pub(super) fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, used: Mutex::default() }
    }

    /// Judges one answer; gives its fanout block, if it has one.
    pub(super) fn judge(&self, case: &Case<'_>) -> Result<Option<Block>, Broken> {
        let Case { question, answer, settings, took, .. } = case;
        if *took > settings.timeout + LATE {
            return Err(format!("it took {took:?}, and its deadline was {:?}", settings.timeout));
        }
        match answer.status {
            200 => self.merged(case).map(Some),
            503 => self.refusal(case).map(Some),
            status @ (401 | 403) if settings.forwards => self.verdict(case, status).map(|()| None),
            status => Err(format!("status {status} to {question}")),
        }
    }

    fn merged(&self, case: &Case<'_>) -> Result<Block, Broken> {
        let Case { question, answer, settings, .. } = case;
        let served: Served = serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))?;
        let traced = self.block(case, &served.fanout)?;
        if served.fanout.responded == 0 || (question.require_all && !served.fanout.complete) {
            return Err(format!("200 with {:?}, require_all={}", served.fanout, question.require_all));
        }
        let sent: Vec<&Traced<'_>> = traced.iter().filter(|traced| traced.sent.is_some()).collect();
        let inputs: Vec<&Matrix> = sent.iter().filter_map(|traced| Some(&traced.sent.as_ref()?.matrix)).collect();
        let options = settings.merge(question.from, question.to, question.rows);
        let merged = oracle::merge(question.series, &inputs, &options);
        for ((traced, findings), matrix) in sent.iter().zip(&merged.findings).zip(&inputs) {
            if traced.listed.ok == findings.over_max_cells.is_some() {
                return Err(format!("{:?}, and by the oracle {findings:?}", traced.listed));
            }
            if traced.listed.ok {
                warnings(traced, findings, matrix, (settings, merged.step_ms))?;
            }
        }
        match served.differs(&merged, question.identity) {
            Some(difference) => Err(told(&difference, &sent, &merged)),
            None => Ok(served.fanout),
        }
    }

    fn refusal(&self, case: &Case<'_>) -> Result<Block, Broken> {
        let Case { question, answer, .. } = case;
        let refusal: Refusal =
            serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))?;
        self.block(case, &refusal.fanout)?;
        let Block { responded, complete, .. } = refusal.fanout;
        let holds = match refusal.error.as_str() {
            "no_node_answered" => responded == 0,
            "incomplete" => question.require_all && responded > 0 && !complete,
            _ => false,
        };
        if holds { Ok(refusal.fanout) } else { Err(format!("503 without a cause: {}", answer.body)) }
    }

    /// A node has to have said so: the local one where it did, else one of the others.
    fn verdict(&self, case: &Case<'_>, status: u16) -> Result<(), Broken> {
        let Case { settings, answer, .. } = case;
        let since = case.since();
        let mut nodes = settings.local.iter().chain(&settings.peers).filter_map(|entry| entry.node);
        if nodes.any(|node| self.ledger.has_earned(node, "auth", since)) && !answer.body.contains("fanout") {
            return Ok(());
        }
        Err(format!("{status}, and no node said so: {}", answer.body))
    }

    /// Checks the fanout block, and finds what each node in it sent.
    fn block<'a>(&self, case: &Case<'_>, block: &'a Block) -> Result<Vec<Traced<'a>>, Broken> {
        let Case { answer, settings, .. } = case;
        let nodes = by_entry(settings, &block.nodes)?;
        let counted: Vec<&Listed> = block.nodes.iter().filter(|listed| listed.role != "duplicate").collect();
        let responded = counted.iter().filter(|listed| listed.ok).count();
        let complete = responded == counted.len();
        if (block.responded, block.expected, block.complete) != (responded, counted.len(), complete) {
            return Err(format!("{responded} of {} by the list, but {block:?}", counted.len()));
        }
        let header = format!("{responded}/{}", counted.len());
        if answer.header("X-Keyviz-Responded") != Some(&header) {
            return Err(format!("X-Keyviz-Responded is not {header}: {}", answer.head));
        }
        let mut counted_once = BTreeSet::new();
        let mut traced = Vec::new();
        for (listed, node) in block.nodes.iter().zip(nodes) {
            let sent =
                self.trace(case, listed, node).map_err(|broken| format!("{}: {broken}\n{listed:?}", listed.node))?;
            if sent.is_some() && !counted_once.insert(node) {
                return Err(format!("{} is counted twice: {block:?}", listed.node));
            }
            traced.push(Traced { listed, sent });
        }
        Ok(traced)
    }

    /// Checks an entry by itself, and finds what was sent if it came as far as the merge.
    fn trace(&self, case: &Case<'_>, listed: &Listed, node: Option<usize>) -> Result<Option<Arc<Sent>>, Broken> {
        let is_told = listed.error.is_some() && listed.reason.is_some();
        if listed.ok == is_told || listed.error.is_some() != listed.reason.is_some() || listed.duration_ms < 0.0 {
            return Err("ok, error and reason don't go together".into());
        }
        if let Some(reason) = listed.reason.as_deref() {
            self.reason(case, listed, node, reason)?;
        }
        if listed.role == "duplicate" || (!listed.ok && listed.rows.is_none()) {
            return Ok(None);
        }
        let node = node.ok_or("ok, and nobody is there")?;
        let mark = match &listed.generated_at {
            Some(at) => Mark::Fraction(fraction(at)),
            None => Mark::Length(node, listed.bytes),
        };
        let sent = self.ledger.find(mark).ok_or("it is none of the answers that were sent")?;
        self.fits(case, listed, node, &sent).map_err(|broken| format!("{broken}; it sent {sent}"))?;
        Ok(Some(sent))
    }

    fn reason(&self, case: &Case<'_>, listed: &Listed, node: Option<usize>, reason: &str) -> Result<(), Broken> {
        if !Reason::ALL.iter().any(|known| known.as_str() == reason) {
            return Err("no reason of the closed set".into());
        }
        let is_by_what_it_answered = matches!(reason, "auth" | "status" | "decode" | "aggregate");
        // A node that is being stopped cuts what it sends; a sound answer may be over a small cap.
        let is_cut = reason == "decode" && ["ended early", "closed within"].iter().any(|cut| says(listed, cut));
        let is_earned = node.is_some_and(|node| self.ledger.has_earned(node, reason, case.since()));
        if is_by_what_it_answered && !is_cut && !is_earned {
            return Err(format!("accused of {reason}, and it did nothing of the kind"));
        }
        Ok(())
    }

    /// Whether `sent` was the answer to a call that was made for this question, or for one that shared its fan-out.
    fn fits(&self, case: &Case<'_>, listed: &Listed, node: usize, sent: &Sent) -> Result<(), Broken> {
        let Case { question, settings, asked_at, .. } = case;
        let (asked, answer_at) = (&sent.asked, *asked_at + case.took);
        let cookie = settings.forwards.then(|| question.cookie());
        let is_wide_enough = question.from.is_none_or(|from| asked.from.is_none_or(|asked| asked <= from))
            && question.to.is_none_or(|to| asked.to.is_none_or(|asked| asked >= to));
        let shape = (Some(sent.matrix.rows.len()), Some(sent.matrix.column_unix_ms.len()), sent.bytes);
        let fits = [
            (sent.node == node, "another node sent it"),
            (sent.behaviour.is_honest(), "it lied"),
            (asked.series == question.series, "to a call for another series"),
            (asked.rows == settings.row_limit, "to a call with another configuration's row limit"),
            (is_wide_enough, "to a call for another range"),
            (asked.cookie == cookie, "to a call with another session"),
            (asked.guard.as_deref() == Some("1"), "to a call without the guard"),
            (sent.at >= case.since() && sent.at <= answer_at, "to a call of another time"),
            ((listed.rows, listed.columns, listed.bytes) == shape, "and rows, columns and bytes are others"),
            (sent.bytes <= settings.body_cap, "which is over the cap"),
        ];
        if let Some((_, broken)) = fits.into_iter().find(|(fits, _)| !fits) {
            return Err(broken.into());
        }
        let flight = format!("generation {}, {}", case.answer.generation(), question.shared(settings.forwards));
        #[expect(clippy::unwrap_used, reason = "nobody panics while it is held")]
        let first = self.used.lock().unwrap().entry(sent.number).or_insert_with(|| flight.clone()).clone();
        if first == flight { Ok(()) } else { Err(format!("which was used for {first} too")) }
    }
}

/// Who is behind each line: the local node first, then the file's entries in their order, each once. The local node's own
/// entries are not listed apart, unless they are not ok.
fn by_entry(settings: &Settings, listed: &[Listed]) -> Result<Vec<Option<usize>>, Broken> {
    let wrong = || {
        let names: Vec<_> = listed.iter().map(|listed| &listed.node).collect();
        format!("the list has other nodes than the file: {names:?}\n{settings:?}")
    };
    let local = settings.local.as_ref().and_then(|local| local.node);
    let mut lines = listed.iter().peekable();
    let mut nodes = Vec::new();
    if let Some(local) = &settings.local {
        lines.next_if(|line| line.node == local.name && line.role == "self").ok_or_else(wrong)?;
        nodes.push(local.node);
    }
    for entry in &settings.peers {
        let is_earlier = entry.node.is_some() && nodes.contains(&entry.node);
        let allowed = |line: &Listed| line.role == "peer" || (line.role == "duplicate" && is_earlier);
        match lines.next_if(|line| line.node == entry.name && allowed(line)) {
            Some(_) => nodes.push(entry.node),
            None if local.is_some() && entry.node == local => {}
            None => return Err(wrong()),
        }
    }
    if lines.next().is_none() { Ok(nodes) } else { Err(wrong()) }
}

fn says(listed: &Listed, what: &str) -> bool {
    listed.error.as_ref().is_some_and(|error| error.contains(what))
}

/// The nanoseconds of a time.
fn fraction(at: &str) -> u64 {
    let digits = at.split_once('.').map_or("", |(_, digits)| digits.trim_end_matches('Z'));
    format!("{digits:0<9}").parse().unwrap_or(0)
}
