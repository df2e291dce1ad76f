//! Replacing the name of a live server.

use super::files::{Folder, inode};
use crate::harness::within_deadline;
use local_socket::{
    Listener, OnConflict, Stream,
    traits::{Listener as _, Stream as _, StreamCommon as _},
};
use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

fn replace(folder: &Folder) -> Listener {
    folder.options().on_conflict(OnConflict::Replace).create_sync().unwrap()
}

fn assert_connected(one: &Stream, other: &Stream) {
    let (mut one, mut other) = (one, other);
    one.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
    other.write_all(b"y").unwrap();
    one.read_exact(&mut [0]).unwrap();
}

#[test]
fn new_clients_reach_the_new_server_and_old_streams_still_work() {
    within_deadline(|| {
        let folder = Folder::new();
        let old = folder.listen();
        let before = inode(&folder.path());
        let old_client = Stream::connect(folder.name()).unwrap();
        let old_server = old.accept().unwrap();
        let waiting = Stream::connect(folder.name()).unwrap();

        let new = replace(&folder);
        assert_eq!(folder.entries(), ["a.sock"]);
        assert_ne!(inode(&folder.path()), before);
        assert_eq!(new.local_name().unwrap(), folder.name());
        let new_client = Stream::connect(folder.name()).unwrap();
        let new_server = new.accept().unwrap();
        assert_connected(&new_client, &new_server);
        assert_connected(&old_client, &old_server);
        // A client in the backlog of the old server is still its client.
        assert_connected(&waiting, &old.accept().unwrap());

        drop(old);
        assert_connected(&old_client, &old_server);
        let client = Stream::connect(folder.name()).unwrap();
        assert_connected(&client, &new.accept().unwrap());
        drop(new);
        assert_eq!(folder.entries(), [""; 0]);
    });
}

#[test]
fn the_older_name_of_the_policy_works() {
    within_deadline(|| {
        let folder = Folder::new();
        let _old = folder.listen();
        let new = folder.options().try_overwrite(true).create_sync().unwrap();
        let _client = Stream::connect(folder.name()).unwrap();
        new.accept().unwrap();
    });
}

/// At no moment do clients find no server.
#[test]
fn a_client_always_finds_a_server() {
    within_deadline(|| {
        let folder = Folder::new();
        let mut listeners = VecDeque::from([folder.listen()]);
        let replaced = AtomicU32::new(0);
        thread::scope(|scope| {
            let clients = [(); 2].map(|()| {
                scope.spawn(|| {
                    let mut count = 0;
                    while count < 500 || replaced.load(Ordering::Relaxed) < 50 {
                        count += 1;
                        if let Err(error) = Stream::connect(folder.name()) {
                            panic!("after {count} connections: {error}");
                        }
                    }
                })
            });
            while !clients.iter().all(thread::ScopedJoinHandle::is_finished) {
                listeners.push_back(replace(&folder));
                replaced.fetch_add(1, Ordering::Relaxed);
                listeners.iter().rev().take(2).for_each(drain);
                // A server that closes at the same moment refuses clients that have just found it,
                // so servers are closed much later.
                if listeners.len() > 200 {
                    listeners.pop_front();
                }
            }
        });
        assert_eq!(folder.entries(), ["a.sock"]);
        drop(listeners);
        assert_eq!(folder.entries(), [""; 0]);
    });
}

fn drain(listener: &Listener) {
    use local_socket::ListenerNonblockingMode;
    listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
    while listener.accept().is_ok() {}
}

/// Of several servers that replace each other at the same time, the last one stays, and all of them
/// have listened.
#[test]
fn many_servers_can_replace_each_other() {
    within_deadline(|| {
        let folder = Folder::new();
        let listeners: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| replace(&folder))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(folder.entries(), ["a.sock"]);
        let _client = Stream::connect(folder.name()).unwrap();
        let reached = listeners.iter().filter(|listener| {
            use local_socket::ListenerNonblockingMode;
            listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
            listener.accept().is_ok()
        });
        // More than one listener can be reached: by probes for a live server.
        assert!(reached.count() >= 1);
        drop(listeners);
        assert_eq!(folder.entries(), [""; 0]);
    });
}

/// The peer's name is the name that the client connected to, not the temporary name of the file.
#[test]
fn both_ends_return_the_name() {
    within_deadline(|| {
        let folder = Folder::new();
        let _old = folder.listen();
        let new = replace(&folder);
        let client = Stream::connect(folder.name()).unwrap();
        let server = new.accept().unwrap();
        assert_eq!(client.peer_name().unwrap(), Some(folder.name()));
        assert_eq!(server.local_name().unwrap(), Some(folder.name()));
    });
}

/// The temporary name beside a path is longer than the path, which may fill the whole address.
#[test]
#[cfg(linux_like)]
fn a_path_of_the_maximum_length_can_be_replaced() {
    within_deadline(|| {
        for length in [60, 85, 100, 107, 108] {
            let folder = Folder::new();
            let rest = length - folder.root().as_os_str().len() - 1;
            let path = folder.root().join("x".repeat(rest));
            let options = || super::files::options(&path).on_conflict(OnConflict::Replace);
            let old = options().create_sync().unwrap();
            let new = options().create_sync().unwrap();
            assert_eq!(new.local_name().unwrap(), super::files::name(&path), "{length}");
            let client = Stream::connect(super::files::name(&path)).unwrap();
            assert_connected(&client, &new.accept().unwrap());
            // Never the temporary name.
            let peer = client.peer_name().unwrap();
            assert!(peer.is_none_or(|name| name == super::files::name(&path)), "{length}");
            drop((old, new));
            assert_eq!(folder.entries(), [""; 0]);
        }
    });
}
