use super::*;

fn facts(node_id: &str, addresses: &[&str]) -> Facts {
    Facts {
        node_id: (!node_id.is_empty()).then(|| node_id.into()),
        addresses: addresses.iter().map(|at| at.parse().unwrap()).collect(),
        ourselves: false,
    }
}

fn anchor(address: &str, whole_host: bool) -> Anchor {
    Anchor { key: "local.url", addresses: vec![address.parse().unwrap()], whole_host }
}

fn roles(local_id: Option<&str>, anchors: &[Anchor], entries: &[Facts]) -> Vec<Role> {
    let interfaces = || ["10.0.0.1", "127.0.0.1", "::1"].map(|ip| ip.parse().unwrap()).into();
    assign(local_id, anchors, interfaces, entries).into_iter().map(|a| a.role).collect()
}

#[test]
fn equal_ids_are_one_node_whatever_their_addresses() {
    let entries = [facts("n1", &["10.0.0.9:1"]), facts("n2", &["10.0.0.2:1"]), facts("n2", &["10.0.0.3:1"])];
    assert_eq!(roles(Some("n1"), &[anchor("10.0.0.1:1", false)], &entries), [Role::Own, Role::Peer, Role::Duplicate]);
}

#[test]
fn different_ids_are_two_nodes_whatever_their_addresses() {
    let entries = [facts("n2", &["10.0.0.1:1"]), facts("n3", &["10.0.0.1:1"])];
    assert_eq!(roles(Some("n1"), &[anchor("10.0.0.1:1", false)], &entries), [Role::Peer, Role::Peer]);
}

#[test]
fn without_an_id_the_address_and_port_decide() {
    let entries = [facts("", &["10.0.0.1:1"]), facts("", &["10.0.0.1:2"]), facts("n2", &["10.0.0.1:1"])];
    assert_eq!(roles(None, &[anchor("10.0.0.1:1", false)], &entries), [Role::Own, Role::Peer, Role::Own]);
    assert_eq!(roles(Some("n1"), &[anchor("10.0.0.1:1", false)], &entries), [Role::Own, Role::Peer, Role::Peer]);
}

#[test]
fn a_loopback_local_url_is_every_address_of_this_host_but_other_loopback_ones() {
    let entries = [
        facts("", &["10.0.0.1:1"]),
        facts("", &["127.0.0.1:1"]),
        facts("", &["127.0.0.2:1"]),
        facts("", &["[::1]:1"]),
        facts("", &["10.0.0.2:1"]),
    ];
    assert_eq!(
        roles(None, &[anchor("127.0.0.1:1", true)], &entries),
        [Role::Own, Role::Own, Role::Peer, Role::Peer, Role::Peer]
    );
}

#[test]
fn a_wildcard_bind_is_reached_by_the_first_loopback_address_too() {
    let entries = [facts("", &["127.0.0.1:1"]), facts("", &["127.0.0.2:1"]), facts("", &["10.0.0.1:1"])];
    assert_eq!(roles(None, &[anchor("0.0.0.0:1", true)], &entries), [Role::Own, Role::Peer, Role::Own]);
}

#[test]
fn two_entries_that_resolve_to_one_address_and_port_are_one_node() {
    let entries = [facts("", &["10.0.0.2:1", "10.0.0.3:1"]), facts("", &["10.0.0.3:1"]), facts("n9", &["10.0.0.2:1"])];
    let assigned = assign(None, &[], Vec::new, &entries);
    assert_eq!(assigned.iter().map(|a| a.original).collect::<Vec<_>>(), [None, Some(0), Some(0)]);
    assert_eq!(assigned[1].why, "resolves to 10.0.0.3:1, as an earlier entry does");
}

#[test]
fn an_answer_with_our_own_instance_id_is_self() {
    let entries = [Facts { ourselves: true, ..facts("n2", &["10.0.0.2:1"]) }];
    assert_eq!(roles(Some("n1"), &[], &entries), [Role::Own]);
}

#[test]
fn an_entry_that_cannot_be_resolved_is_a_peer() {
    assert_eq!(roles(None, &[anchor("10.0.0.1:1", true)], &[facts("", &[]), facts("", &[])]), [Role::Peer; 2]);
}
