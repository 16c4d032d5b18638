//! The codec against typed `serde_json`, on the bodies that occur and on the worst we know of.
//!
//! `cargo bench --bench codec -- [--quick] [part of a body's name]` prints one table. The two take turns, so that what
//! else the machine does falls on both, and a figure is the median of its turns.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench may stop at a wrong answer")]
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::{
    env,
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use fastrand::Rng;
use keyviz_fanout::matrix::{Matrix, Series, decode, encode};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Typed {
    column_unix_ms: Vec<i64>,
    rows: Vec<TypedRow>,
    series: String,
    generated_at: String,
}

#[derive(Deserialize, Serialize)]
struct TypedRow {
    bucket_id: String,
    start: Option<String>,
    end: Option<String>,
    aggregate: bool,
    route_ids: Vec<u64>,
    route_count: u64,
    values: Vec<u64>,
    raft_group_ids: Vec<u64>,
    leader_terms: Vec<u64>,
}

impl Typed {
    fn assert_same(&self, matrix: &Matrix) {
        assert_eq!(self.column_unix_ms, matrix.column_unix_ms);
        assert_eq!(self.rows.len(), matrix.rows.len());
        for (typed, row) in self.rows.iter().zip(&matrix.rows) {
            assert_eq!((&typed.bucket_id, &typed.values), (&row.meta.bucket_id, &row.values));
            for (cells, identities) in
                [(&typed.raft_group_ids, &row.raft_group_ids), (&typed.leader_terms, &row.leader_terms)]
            {
                let identities = identities.as_ref().expect("every row has identities");
                assert!((0..cells.len()).all(|cell| identities.get(cell) == Some(cells[cell])));
            }
        }
    }
}

/// A body of `rows` × `columns`; `cell` gives a row's value, group and term in a column.
fn body(rows: usize, columns: usize, mut cell: impl FnMut(&mut Rng, usize, f64) -> [u64; 3]) -> Vec<u8> {
    let mut rng = Rng::with_seed(1);
    let mut text = String::from("{\"column_unix_ms\":");
    let clock = (0..columns as u64).map(|column| 1_700_000_000_000 + column * 60_000 + rng.u64(0..5));
    write_array(&mut text, &clock.collect::<Vec<_>>());
    text.push_str(",\"rows\":[");
    for row in 0..rows {
        let heat = rng.f64().powi(6);
        let cells: Vec<_> = (0..columns).map(|_| cell(&mut rng, row, heat)).collect();
        let comma = if row > 0 { "," } else { "" };
        let start = r#""start":"dXNlcjAwMDAwMA==","end":"dXNlcjAwMDAwMQ==","aggregate":false"#;
        write!(text, r#"{comma}{{"bucket_id":"route:{row}",{start},"route_ids":[{row}],"route_count":1"#).unwrap();
        for (field, name) in ["values", "raft_group_ids", "leader_terms"].into_iter().enumerate() {
            write!(text, ",\"{name}\":").unwrap();
            write_array(&mut text, &cells.iter().map(|cell| cell[field]).collect::<Vec<_>>());
        }
        text.push('}');
    }
    text.push_str(r#"],"series":"writes","generated_at":"2026-11-23T00:00:00Z"}"#);
    text.into_bytes()
}

fn write_array(text: &mut String, numbers: &[u64]) {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    write!(text, "[{}]", numbers.join(",")).unwrap();
}

/// A few hot rows, many quiet ones, some cells idle: what a busy cluster's day looks like.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the count is below a million")]
fn daily(rng: &mut Rng, heat: f64) -> u64 {
    let top = 10f64.powf(1.0 + 5.0 * heat);
    if rng.f64() < 0.85 { (rng.f64() * top) as u64 } else { 0 }
}

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let group = |row: usize| 1 + row as u64 % 3;
    let day = body(1024, 1440, |rng, row, heat| [daily(rng, heat), group(row), 7]);
    let spaced = String::from_utf8_lossy(&day).replace(',', ", ").replace(':', ": ").into_bytes();
    let idle = |rng: &mut Rng, row, heat| match daily(rng, heat) {
        0 => [0; 3],
        value => [value, group(row), 7],
    };
    let wide = |rng: &mut Rng, _, _: f64| [(); 3].map(|()| rng.u64(100_000_000_000_000_000..1_000_000_000_000_000_000));
    let short_runs = |rng: &mut Rng, _, heat| [daily(rng, heat), rng.u64(1..3), rng.u64(7..9)];
    vec![
        ("hour", body(1024, 60, |rng, row, heat| [daily(rng, heat), group(row), 7])),
        ("spaced", spaced),
        ("idle_cells_without_identity", body(1024, 1440, idle)),
        ("short_runs", body(1024, 1440, short_runs)),
        ("eighteen_digits", body(256, 1440, wide)),
        ("four_digits", body(1024, 1440, |rng, row, _| [rng.u64(0..10_000), group(row), 12])),
        ("six_digits", body(1024, 1440, |rng, row, _| [rng.u64(0..1_000_000), group(row), 12])),
        ("one_digit", body(1024, 1440, |rng, row, _| [rng.u64(0..10), group(row), 7])),
        ("zeros", body(1024, 1440, |_, _, _| [0; 3])),
        ("day", day),
    ]
}

/// When to stop taking turns: the codec and `serde_json` each had enough of them, or their time is up.
#[derive(Clone, Copy)]
struct Effort {
    turns: usize,
    time: Duration,
}

/// The median times of one call of `ours` and of `theirs`.
fn compare<A, B>(effort: Effort, ours: impl Fn() -> A, theirs: impl Fn() -> B) -> [Duration; 2] {
    let mut turns = Vec::new();
    let begin = Instant::now();
    while turns.is_empty() || turns.len() < effort.turns && begin.elapsed() < effort.time {
        turns.push((time(&ours), time(&theirs)));
    }
    let (ours, theirs) = turns.into_iter().unzip();
    [ours, theirs].map(median)
}

/// How long one call takes, including to free its result.
fn time<T>(call: impl Fn() -> T) -> Duration {
    let begin = Instant::now();
    drop(black_box(call()));
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The columns of the table for one direction.
fn columns([ours, theirs]: [Duration; 2]) -> String {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    format!("{:5.2} | {:6.2} | {:4.1} ×", ms(ours), ms(theirs), theirs.as_secs_f64() / ours.as_secs_f64())
}

fn bench(name: &str, body: &[u8], effort: Effort) {
    let typed: Typed = serde_json::from_slice(body).expect("the body is valid");
    let matrix = decode(body, Series::Writes).expect("the body is valid");
    typed.assert_same(&matrix);
    let encoded = encode(&matrix);
    assert_eq!(encoded, serde_json::to_vec(&typed).expect("plain data"));

    let decoding = compare(
        effort,
        || decode(black_box(body), Series::Writes),
        || serde_json::from_slice::<Typed>(black_box(body)),
    );
    let encoding = compare(effort, || encode(black_box(&matrix)), || serde_json::to_vec(black_box(&typed)));
    let size = format!("{:.1}", Duration::from_micros(body.len() as u64).as_secs_f64());
    println!("| {name:27} | {size:>4} | {} | {} |", columns(decoding), columns(encoding));
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let quick = !arguments.iter().any(|argument| argument == "--bench") || arguments.iter().any(|a| a == "--quick");
    let effort = if quick {
        Effort { turns: 1, time: Duration::ZERO }
    } else {
        Effort { turns: 41, time: Duration::from_secs(2) }
    };
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-')).map_or("", String::as_str);

    // A daemon frees bodies of many megabytes, after which glibc keeps freed pages for the next one. Without this the
    // figures are those of a first answer: half of them is the kernel's work.
    drop(black_box(vec![1_u8; 31 << 20]));
    println!("| body (sizes in MB, times in ms) | MB | decode | serde_json | ratio | encode | serde_json | ratio |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for (name, body) in bodies().into_iter().filter(|(name, _)| name.contains(wanted)) {
        bench(name, &body, effort);
    }
}
