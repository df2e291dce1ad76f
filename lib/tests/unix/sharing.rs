//! Listeners that share one socket.

use super::files::Folder;
use crate::harness::{assert_kind, spawn_waiting, within_deadline};
use local_socket::{
    os::unix::{Listener, Stream as UdStream},
    traits::{Listener as _, ListenerExt as _},
};
use std::{
    io::ErrorKind,
    os::fd::{AsFd as _, OwnedFd},
    thread,
    time::Duration,
};

/// Returns two listeners of the same socket, as two processes have that inherit it.
fn shared(folder: &Folder) -> (Listener, Listener) {
    let one = folder.options().create_sync_as::<Listener>().unwrap();
    let other = one.as_fd().try_clone_to_owned().unwrap();
    (one, Listener::from(other))
}

#[test]
fn closing_ends_the_listeners_that_share_the_socket() {
    within_deadline(|| {
        for timeout in [None, Some(Duration::from_secs(300))] {
            let folder = Folder::new();
            let (one, other) = shared(&folder);
            other.set_accept_timeout(timeout).unwrap();
            thread::scope(|scope| {
                // An iterator that does not end is not followed for ever.
                let waiting = spawn_waiting(scope, || other.incoming().take(10).count());
                assert!(!other.is_closed());
                one.close().unwrap();
                assert_eq!(waiting.join().unwrap(), 0);
            });
            assert!(other.is_closed());
            assert_kind(other.accept(), &[ErrorKind::InvalidInput]);
            assert!(other.incoming().next().is_none());
            other.close().unwrap();
            assert_kind(other.accept(), &[ErrorKind::NotConnected]);
        }
    });
}

/// It was never open, so it is not closed.
#[test]
fn a_socket_that_does_not_listen_is_an_error_and_not_a_closed_listener() {
    within_deadline(|| {
        let (socket, _peer) = UdStream::pair().unwrap();
        let listener = Listener::from(OwnedFd::from(socket));
        assert_kind(listener.accept(), &[ErrorKind::InvalidInput]);
        assert!(!listener.is_closed());
        assert_kind(listener.incoming().next().unwrap(), &[ErrorKind::InvalidInput]);
    });
}
