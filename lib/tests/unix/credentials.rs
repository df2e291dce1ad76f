//! Credentials of the peer.

use super::files::Folder;
use crate::harness::{Kind, Place, within_deadline};
use local_socket::{PeerCreds, traits::StreamCommon as _};

on_every_kind! {
    credentials_are_those_of_this_process
}

#[track_caller]
fn assert_own(creds: &PeerCreds) {
    assert_eq!(creds.pid(), Some(rustix::process::getpid().as_raw_nonzero().get()));
    assert_eq!(creds.euid(), Some(rustix::process::geteuid().as_raw()));
    assert_eq!(creds.egid(), Some(rustix::process::getegid().as_raw()));
}

/// Linux returns groups if they are asked for, OpenBSD and NetBSD never.
#[track_caller]
fn assert_own_groups(creds: &PeerCreds) {
    assert_own(creds);
    #[cfg(linux_like)]
    {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap();
        let mut own: Vec<u32> = line.split_whitespace().map(|id| id.parse().unwrap()).collect();
        own.sort_unstable();
        let mut groups = creds.groups().expect("Linux returns groups").to_vec();
        groups.sort_unstable();
        assert!(!creds.groups_truncated());
        assert_eq!(groups, own);
    }
}

fn credentials_are_those_of_this_process(place: &Place) {
    let (client, server) = place.streams();
    for end in [client, server] {
        assert_own(&end.peer_creds().unwrap());
        assert_own_groups(&end.peer_creds_with_groups().unwrap());
    }
}

#[test]
fn credentials_of_a_pair_are_those_of_this_process() {
    let (one, other) = local_socket::Stream::pair().unwrap();
    for end in [one, other] {
        assert_own(&end.peer_creds().unwrap());
        assert_own_groups(&end.peer_creds_with_groups().unwrap());
    }
}

/// The credentials are those of the time of connecting: a peer that has closed is still known.
#[test]
fn credentials_of_a_closed_peer_are_still_known() {
    within_deadline(|| {
        let place = Place::new(Kind::File);
        let (client, server) = place.streams();
        drop(client);
        assert_own(&server.peer_creds().unwrap());
        drop(Folder::new());
    });
}
