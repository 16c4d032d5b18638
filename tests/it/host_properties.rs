//! The law of the Host over the seeds and what is near them. The fuzz target `host` looks further.

use proptest::{prelude::*, sample::select};

use crate::{
    host_oracle::{ALLOWED, Door, ENTRY_HERE, LISTEN, NODE, OTHER_ENTRY, OWN_ENTRY},
    seeds::{near_seeds, seeds},
};

#[test]
fn the_law_holds_for_every_seed() {
    let door = Door::open();
    for head in seeds("host") {
        door.check_law(&head);
    }
}

#[test]
fn the_law_holds_near_every_seed() {
    let door = Door::open();
    proptest!(|(head in near_seeds("host"))| door.check_law(&head));
}

#[test]
fn every_name_of_the_file_is_judged_by_where_it_leads() {
    let door = Door::open();
    for name in [NODE, OWN_ENTRY, ENTRY_HERE, OTHER_ENTRY] {
        door.check_law(format!("GET /admin/healthz HTTP/1.1\r\nHost: {name}").as_bytes());
    }
}

/// Names of ours, names that look like ours, and none.
fn any_host() -> impl Strategy<Value = String> {
    let ours =
        select(&["localhost", "127.0.0.1", "[::1]", LISTEN, ALLOWED[0], ALLOWED[1], NODE, OWN_ENTRY, ENTRY_HERE][..]);
    let others = select(&[OTHER_ENTRY, "localhost.example", "xlocalhost", "192.0.2.8", "[2001:db8::2]", "example"][..]);
    let host = prop_oneof![ours, others].prop_map(str::to_owned);
    prop_oneof![3 => host, 1 => "[a-z0-9.-]{1,12}", 1 => "[0-9a-fx.]{1,12}"]
}

#[test]
fn a_plain_request_gets_just_what_is_due() {
    let door = Door::open();
    proptest!(|(
        host in any_host(),
        rest in select(&["", ":8090", ":65536", ".", "..", "@localhost", " "][..]),
        target in select(&["/admin/healthz", "//localhost/", "/x?y=http://localhost/", "http://localhost/"][..]),
    )| {
        door.check_law(format!("GET {target} HTTP/1.1\r\nHost: {host}{rest}\r\nX-Forwarded-Host: localhost").as_bytes());
    });
}
