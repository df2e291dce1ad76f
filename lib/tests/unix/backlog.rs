//! A server that does not accept and has a full backlog.

use super::files::Folder;
use crate::harness::{AT_ONCE, assert_kind, spawn_waiting, within_deadline};
use local_socket::{
    ConnectOptions, ConnectWaitMode, GenericNamespaced, ListenerOptions, Name, Stream,
    ToNsName as _, os::unix::ListenerOptionsExt as _, traits::Listener as _,
};
use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    thread,
    time::{Duration, Instant},
};

fn connect(name: &Name<'_>, wait_mode: ConnectWaitMode) -> io::Result<Stream> {
    ConnectOptions::new().name(name.borrow()).wait_mode(wait_mode).connect_sync()
}

/// Connects until the backlog is full.
pub(crate) fn fill(name: &Name<'_>) -> Vec<Stream> {
    let mut streams = Vec::new();
    loop {
        match connect(name, ConnectWaitMode::Deferred) {
            Ok(stream) => streams.push(stream),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error:?}");
                assert!(!streams.is_empty());
                return streams;
            }
        }
    }
}

fn with_a_full_backlog(behaviour: fn(&local_socket::Listener, &Name<'_>, usize)) {
    within_deadline(move || {
        let folder = Folder::new();
        let word = crate::harness::unique_word();
        for name in [folder.name(), word.to_ns_name::<GenericNamespaced>().unwrap()] {
            let options = ListenerOptions::new().name(name.borrow()).backlog(2);
            let listener = options.create_sync().unwrap();
            let waiting = fill(&name);
            behaviour(&listener, &name, waiting.len());
        }
    });
}

// The BSDs and macOS refuse at once if the backlog is full.
#[cfg(linux_like)]
mod waiting {
    use super::*;

    #[test]
    fn deferred_fails_at_once() {
        with_a_full_backlog(|_, name, _| {
            let start = Instant::now();
            assert_kind(connect(name, ConnectWaitMode::Deferred), &[ErrorKind::WouldBlock]);
            assert!(start.elapsed() < AT_ONCE);
        });
    }

    #[test]
    fn a_timeout_fails_after_its_time() {
        with_a_full_backlog(|_, name, _| {
            let (start, timeout) = (Instant::now(), Duration::from_millis(300));
            let result = connect(name, ConnectWaitMode::Timeout(timeout));
            assert_kind(result, &[ErrorKind::TimedOut]);
            assert!(start.elapsed() >= timeout, "too early: {:?}", start.elapsed());
            assert!(start.elapsed() < timeout + AT_ONCE, "too late: {:?}", start.elapsed());
        });
    }

    /// For the system a timeout of zero means no limit.
    #[test]
    fn a_timeout_of_zero_does_not_wait_for_ever() {
        with_a_full_backlog(|_, name, _| {
            for timeout in [Duration::ZERO, Duration::from_nanos(1)] {
                let start = Instant::now();
                let result = connect(name, ConnectWaitMode::Timeout(timeout));
                assert_kind(result, &[ErrorKind::TimedOut]);
                assert!(start.elapsed() < AT_ONCE);
            }
        });
    }

    #[test]
    fn a_waiting_client_connects_when_there_is_room() {
        for wait_mode in [
            ConnectWaitMode::Unbounded,
            ConnectWaitMode::Timeout(Duration::from_secs(300)),
            ConnectWaitMode::Timeout(Duration::MAX),
        ] {
            within_deadline(move || {
                let folder = Folder::new();
                let name = folder.name();
                let listener = folder.options().backlog(0).create_sync().unwrap();
                let waiting = fill(&name);
                thread::scope(|scope| {
                    let client = spawn_waiting(scope, || {
                        let mut client = connect(&name, wait_mode).unwrap();
                        client.write_all(b"in at last").unwrap();
                        // The timeout for connecting does not apply to writing or reading.
                        client.read(&mut [0]).unwrap()
                    });
                    assert!(!client.is_finished());
                    for _ in &waiting {
                        listener.accept().unwrap();
                    }
                    let mut buf = [0; 10];
                    listener.accept().unwrap().read_exact(&mut buf).unwrap();
                    assert_eq!(&buf, b"in at last");
                    assert_eq!(client.join().unwrap(), 0);
                });
            });
        }
    }

    /// A client that waits for a server is not left waiting when the server closes.
    #[test]
    fn a_waiting_client_is_refused_when_the_server_closes() {
        within_deadline(|| {
            let folder = Folder::new();
            let name = folder.name();
            let listener = folder.options().backlog(0).create_sync().unwrap();
            let _waiting = fill(&name);
            thread::scope(|scope| {
                let client = spawn_waiting(scope, || connect(&name, ConnectWaitMode::Unbounded));
                listener.close().unwrap();
                assert_kind(client.join().unwrap(), crate::harness::NOBODY);
            });
        });
    }
}

#[test]
fn all_clients_in_the_backlog_are_accepted() {
    with_a_full_backlog(|listener, _, waiting| {
        (0..waiting).for_each(|_| drop(listener.accept().unwrap()));
    });
}

#[test]
fn the_backlog_has_the_length_of_the_option() {
    let folder = Folder::new();
    let _few = folder.options().backlog(3).create_sync().unwrap();
    let few = fill(&folder.name()).len();
    assert!((3..=5).contains(&few), "{few} for a backlog of 3");
}
