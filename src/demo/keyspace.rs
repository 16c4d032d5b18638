//! The key ranges of the simulated cluster: ascending, without gaps, unbounded at both ends.

use super::noise;
use crate::matrix::RowMeta;

/// How many Raft groups share the key space.
pub(super) const GROUPS: u32 = 4;

/// Ranges in a route: `route:7:redis#0` … `#7`.
const RANGES_PER_ROUTE: u32 = 8;

/// One key range, a row of the matrix.
#[derive(Debug)]
pub(super) struct Bucket {
    /// What the row is.
    pub(super) meta: RowMeta,
    /// Raft group of its route; 0 for virtual buckets, as on a real node (WIRE §2).
    pub(super) group: u32,
    /// Where it lies in the key space, in [0, 1).
    pub(super) position: f64,
    /// Accesses per second on a quiet day.
    pub(super) base_rate: f64,
    /// Mean bytes of a key and its value.
    pub(super) item_bytes: u64,
}

/// How the keys after a prefix run.
#[derive(Clone, Copy)]
enum Keys {
    Decimal,
    Hex,
    Month,
    Binary,
}

/// A table, a bucket or a family of keys: one prefix.
struct Space {
    prefix: &'static [u8],
    label: Option<&'static str>,
    routes: u32,
    keys: Keys,
    base_rate: f64,
    item_bytes: u64,
}

const fn space(
    prefix: &'static [u8],
    label: Option<&'static str>,
    routes: u32,
    keys: Keys,
    base_rate: f64,
    item_bytes: u64,
) -> Space {
    Space { prefix, label, routes, keys, base_rate, item_bytes }
}

/// The families of keys, in the order of their bytes.
const SPACES: [Space; 10] = [
    space(b"\x00\x01", None, 2, Keys::Binary, 2.0, 48),
    space(b"!ddb|item|events|", Some("dynamo"), 4, Keys::Month, 6.0, 420),
    space(b"!ddb|item|orders|", Some("dynamo"), 4, Keys::Decimal, 9.0, 610),
    space(b"!s3|obj|media/", Some("s3"), 3, Keys::Hex, 0.8, 96_000),
    space(b"cart:", Some("redis"), 2, Keys::Hex, 7.0, 240),
    space(b"order:", Some("redis"), 4, Keys::Decimal, 12.0, 330),
    space(b"product:", Some("redis"), 3, Keys::Decimal, 16.0, 900),
    space(b"session:", Some("redis"), 4, Keys::Hex, 28.0, 160),
    space(b"user:", Some("redis"), 5, Keys::Decimal, 20.0, 280),
    space(b"vote:", Some("redis"), 1, Keys::Decimal, 4.0, 64),
];

/// First key of the cold tail, which the nodes keep as one virtual bucket.
const TAIL: &[u8] = b"w";

/// The routes behind the virtual bucket are listed up to here, as a node does that coalesces many.
const TAIL_ROUTES: u64 = 24;

/// All ranges in the order of their keys; `seed` sets how busy each one is.
pub(super) fn buckets(seed: u64) -> Vec<Bucket> {
    let mut buckets = ranges(seed);
    let starts: Vec<_> = buckets.iter().map(|bucket| bucket.meta.start.clone()).collect();
    for (bucket, next) in buckets.iter_mut().zip(starts.into_iter().skip(1).chain([None])) {
        bucket.meta.end = next;
    }
    let total = f64::from(u32::try_from(buckets.len()).unwrap_or(u32::MAX));
    for (index, bucket) in (0_u32..).zip(&mut buckets) {
        bucket.position = f64::from(index) / total;
    }
    if let Some(first) = buckets.first_mut() {
        first.meta.start = None;
    }
    buckets
}

fn ranges(seed: u64) -> Vec<Bucket> {
    let routes_total: u32 = SPACES.iter().map(|space| space.routes).sum();
    let mut route = 0;
    let mut buckets = Vec::new();
    for space in &SPACES {
        for part in 0..space.routes * RANGES_PER_ROUTE {
            let in_route = part % RANGES_PER_ROUTE;
            route += u32::from(in_route == 0);
            let id = match space.label {
                Some(label) => format!("route:{route}:{label}#{in_route}"),
                None => format!("route:{route}#{in_route}"),
            };
            let group = 1 + (route - 1) * GROUPS / routes_total;
            buckets.push(space.bucket(part, id, group, uneven(seed, route, in_route)));
        }
    }
    buckets.push(tail(u64::from(routes_total)));
    buckets
}

/// A factor around 1, from 1/5 to 5: neighbours are not equally busy.
fn uneven(seed: u64, route: u32, in_route: u32) -> f64 {
    let range = noise::unit(&[seed, u64::from(route), u64::from(in_route)]);
    let whole = noise::unit(&[seed, u64::from(route)]);
    25_f64.powf(f64::midpoint(range, whole) - 0.5)
}

fn tail(last_route: u64) -> Bucket {
    let route_ids: Vec<u64> = (last_route + 1..).take(16).collect();
    let meta = RowMeta {
        bucket_id: "virtual:1".into(),
        start: Some(TAIL.into()),
        aggregate: true,
        route_ids: Some(route_ids),
        route_ids_truncated: Some(true),
        route_count: TAIL_ROUTES,
        ..RowMeta::default()
    };
    Bucket { meta, group: 0, position: 0.0, base_rate: 3.0, item_bytes: 120 }
}

impl Space {
    fn bucket(&self, part: u32, bucket_id: String, group: u32, uneven: f64) -> Bucket {
        let meta = RowMeta {
            bucket_id,
            label: self.label.map(str::to_owned),
            start: Some(self.key(part)),
            route_count: 1,
            ..RowMeta::default()
        };
        Bucket { meta, group, position: 0.0, base_rate: self.base_rate * uneven, item_bytes: self.item_bytes }
    }

    /// First key of the `part`-th range of this family.
    fn key(&self, part: u32) -> Vec<u8> {
        let parts = self.routes * RANGES_PER_ROUTE;
        let of = |whole: u32| part * whole / parts;
        let suffix = match self.keys {
            Keys::Decimal => format!("{:05}", of(100_000)).into_bytes(),
            Keys::Hex => format!("{:04x}", of(0x1_0000)).into_bytes(),
            Keys::Month => format!("{}-{:02}", 2024 + of(32) / 12, 1 + of(32) % 12).into_bytes(),
            Keys::Binary => of(0x1_0000).to_be_bytes()[2..].to_vec(),
        };
        [self.prefix, &suffix].concat()
    }
}
