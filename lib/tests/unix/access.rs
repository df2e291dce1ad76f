//! Clients that a listener on an abstract name accepts. Every process can connect to it.

use super::child::{Job, argument, is_root, tell};
use crate::{
    asynchronous::block_on,
    harness::{assert_kind, unique_word, within_deadline},
};
use local_socket::{
    Access, GenericNamespaced, ListenerNonblockingMode, ListenerOptions, Name, PeerCreds, Stream,
    ToNsName as _,
    traits::{Listener as _, Stream as _, StreamCommon as _, tokio::Listener as _},
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
    process::Command,
    thread::{self, JoinHandle},
};
use tokio::io::AsyncWriteExt as _;

fn abstract_name(word: &str) -> Name<'static> {
    word.to_owned().to_ns_name::<GenericNamespaced>().unwrap()
}

/// The job: reads what a server says, as another user in these groups.
pub(super) fn visit() {
    let number = |name| argument(name).to_str().unwrap().parse::<u32>().unwrap();
    let groups: Vec<libc::gid_t> = (number("first")..).take(number("groups") as usize).collect();
    // SAFETY: the pointer and the length are those of a vector.
    assert_eq!(unsafe { libc::setgroups(groups.len(), groups.as_ptr()) }, 0);
    // SAFETY: the calls take no pointers.
    assert_eq!(unsafe { (libc::setgid(number("gid")), libc::setuid(number("uid"))) }, (0, 0));
    let name = abstract_name(argument("name").to_str().unwrap());
    let mut text = String::new();
    Stream::connect(name).unwrap().read_to_string(&mut text).unwrap();
    tell(&format!("read {text:?}"));
}

/// Returns what a user in the given groups reads.
fn visited_by(word: &str, uid: u32, gid: u32, first: u32, groups: u32) -> String {
    let mut job = Job::new("visit").with("name", word);
    for (name, value) in [("uid", uid), ("gid", gid), ("first", first), ("groups", groups)] {
        job = job.with(name, value.to_string());
    }
    job.run().concat()
}

/// Greets the first client that is accepted.
type Greet = fn(ListenerOptions<'static>) -> JoinHandle<()>;

fn greet(options: ListenerOptions<'static>) -> JoinHandle<()> {
    let listener = options.create_sync().unwrap();
    thread::spawn(move || listener.accept().unwrap().write_all(b"welcome").unwrap())
}

fn greet_asynchronously(options: ListenerOptions<'static>) -> JoinHandle<()> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        block_on(async {
            let listener = options.create_tokio().unwrap();
            sender.send(()).unwrap();
            listener.accept().await.unwrap().write_all(b"welcome").await.unwrap();
        });
    });
    receiver.recv().unwrap();
    thread
}

const WELCOME: &str = r#"read "welcome""#;
const REFUSED: &str = r#"read """#;

#[track_caller]
fn assert_served(access: Option<Access>, visitor: (u32, u32, u32, u32), is_served: bool) {
    for greet in [greet as Greet, greet_asynchronously] {
        let word = unique_word();
        let mut options = ListenerOptions::new().name(abstract_name(&word));
        if let Some(access) = access {
            options = options.access(access);
        }
        let server = greet(options);
        let (uid, gid, first, groups) = visitor;
        let text = visited_by(&word, uid, gid, first, groups);
        assert_eq!(text, if is_served { WELCOME } else { REFUSED }, "{access:?} {visitor:?}");
        if !is_served {
            // The server has gone on to the next client, which is of its own user.
            let mut text = String::new();
            Stream::connect(abstract_name(&word)).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "welcome");
        }
        server.join().unwrap();
    }
}

/// Only root can act as other users.
#[test]
fn access_applies_to_abstract_names() {
    if !is_root() {
        return;
    }
    within_deadline(|| {
        // User, group, the first supplementary group and the number of supplementary groups.
        let stranger = (65534, 65534, 70_000, 1);
        let member = (65534, 0, 70_000, 1);
        let late_member = (65534, 65534, 0, 1);
        for visitor in [stranger, member, late_member] {
            assert_served(None, visitor, true);
            assert_served(Some(Access::Everyone), visitor, true);
            assert_served(Some(Access::CurrentUser), visitor, false);
        }
        assert_served(Some(Access::Group), stranger, false);
        assert_served(Some(Access::Group), member, true);
        assert_served(Some(Access::Group), late_member, true);
        assert_served(Some(Access::CurrentUser), (0, 65534, 70_000, 1), true);
    });
}

#[test]
fn the_filter_is_called_only_for_clients_with_access() {
    if !is_root() {
        return;
    }
    within_deadline(|| {
        let word = unique_word();
        let options = ListenerOptions::new().name(abstract_name(&word));
        let options = options.access(Access::CurrentUser);
        // The order of the two options does not matter.
        let mut listener = options.clone().accept_filter(|_| true).create_sync().unwrap();
        listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
        for _ in 0..2 {
            let server = thread::spawn({
                let word = word.clone();
                move || visited_by(&word, 65534, 65534, 70_000, 1)
            });
            while !server.is_finished() {
                assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
                thread::yield_now();
            }
            assert_eq!(server.join().unwrap(), REFUSED);
            listener.set_accept_filter(|_| true);
        }
        listener.set_accept_filter(|peer| !peer.is_same_user());
        let _client = Stream::connect(abstract_name(&word)).unwrap();
        assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
    });
}

#[test]
fn all_groups_of_a_peer_are_returned() {
    if !is_root() {
        return;
    }
    within_deadline(|| {
        for count in [0, 1, 16, 17, 32, 33, 100, 60_000] {
            let word = unique_word();
            let knows = move |peer: &PeerCreds| {
                let last = 70_000 + count - 1;
                let expected: Vec<u32> = (70_000..70_000 + count).collect();
                assert_eq!(peer.groups(), Some(&expected[..]));
                assert!(!peer.groups_truncated());
                assert_eq!(peer.clone().is_in_group(last), count > 0);
                peer.is_user(65534) && peer.is_in_group(65534) && !peer.is_in_group(last + 1)
            };
            let options = ListenerOptions::new().name(abstract_name(&word)).accept_filter(knows);
            let server = greet(options);
            assert_eq!(visited_by(&word, 65534, 65534, 70_000, count), WELCOME, "{count}");
            server.join().unwrap();
        }
    });
}

/// The job: listens, and tells its own user and whether a client is accepted.
pub(super) fn listen_for_own_user() {
    let name = abstract_name(argument("name").to_str().unwrap());
    let listener = ListenerOptions::new().name(name).access(Access::CurrentUser);
    let listener = listener.nonblocking(ListenerNonblockingMode::Accept).create_sync().unwrap();
    let own = Stream::pair().unwrap().0.peer_creds_with_groups().unwrap();
    tell(&format!("{:?} {} {}", own.euid(), own.is_same_user(), own.is_in_group(65534)));
    std::io::stdin().read_line(&mut String::new()).unwrap();
    match listener.accept() {
        Ok(_) => tell("accepted"),
        Err(error) => tell(&format!("{:?}", error.kind())),
    }
}

/// In a user namespace (`user_namespaces(7)`) all users that it does not map have one number.
#[test]
fn a_user_that_the_namespace_does_not_map_is_refused() {
    for (map, own, result) in [
        ("--user", "Some(65534) false false", "WouldBlock"),
        ("--map-root-user", "Some(0) true false", "accepted"),
    ] {
        // Some systems forbid these namespaces.
        let can = Command::new("unshare").args([map, "true"]).status();
        if !is_root() || !can.is_ok_and(|status| status.success()) {
            return;
        }
        within_deadline(move || {
            let word = unique_word();
            let job = Job::new("listen for own user").with("name", &word);
            let mut job = job.in_user_namespace(map).start();
            assert_eq!(job.next_line().as_deref(), Some(own));
            let _client = Stream::connect(abstract_name(&word)).unwrap();
            job.tell("connected");
            assert_eq!(job.next_line().as_deref(), Some(result));
            job.finish();
        });
    }
}
