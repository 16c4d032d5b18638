//! What a thousand configurations leave behind: the last one.

use std::sync::{Arc, Weak};

use async_std::task;
use keyviz_fanout::config::load;

use crate::{
    daemon::{Daemon, config, sample},
    stub::Stub,
    support::eventually,
};

#[test]
fn a_configuration_that_was_replaced_is_let_go() {
    let node = Stub::node("n1", &sample(1));
    let text = |number: u32| config(None, &[&node.name()], &format!("fanout.timeout = '{}ms'", 20_000 + number));
    let daemon = Daemon::start(&text(0));
    let mut replaced = Vec::new();
    for number in 1..=1000 {
        if number % 100 == 0 {
            daemon.matrix("").assert_responded(1, 1);
        }
        replaced.push(Arc::downgrade(&daemon.service.snapshot()));
        daemon.service.apply(load(&text(number), None).unwrap()).unwrap();
    }
    assert_eq!(daemon.service.snapshot().generation, 1001);
    // A call's own task may be a moment behind its answer.
    let gone = async || replaced.iter().all(|snapshot| Weak::strong_count(snapshot) == 0).then_some(());
    task::block_on(eventually("the end of all that was replaced", gone));
}
