//! A server that does not accept and has a full backlog.

// The BSDs and macOS refuse at once if the backlog is full.
#![cfg(linux_like)]

use super::block_on;
use crate::{
    harness::{AT_ONCE, NOBODY, assert_kind, eventually, within_deadline},
    unix::{backlog::fill, files::Folder},
};
use local_socket::{
    ConnectOptions, ConnectWaitMode, ListenerNonblockingMode, Name,
    os::unix::ListenerOptionsExt as _,
    tokio::Stream,
    traits::{
        Listener as _,
        tokio::{Listener as _, Stream as _},
    },
};
use std::{
    io::{self, ErrorKind},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn connect(name: Name<'_>, wait_mode: ConnectWaitMode) -> io::Result<Stream> {
    ConnectOptions::new().name(name).wait_mode(wait_mode).connect_tokio().await
}

#[test]
fn deferred_fails_at_once_and_a_timeout_after_its_time() {
    within_deadline(|| {
        let folder = Folder::new();
        let listener = folder.options().backlog(2).create_sync().unwrap();
        let _waiting = fill(&folder.name());
        block_on(async {
            let start = Instant::now();
            let deferred = connect(folder.name(), ConnectWaitMode::Deferred).await;
            assert_kind(deferred, &[ErrorKind::WouldBlock]);
            assert!(start.elapsed() < AT_ONCE);
            for timeout in [Duration::ZERO, Duration::from_millis(300)] {
                let start = Instant::now();
                let result = connect(folder.name(), ConnectWaitMode::Timeout(timeout)).await;
                assert_kind(result, &[ErrorKind::TimedOut]);
                assert!(start.elapsed() >= timeout, "too early: {:?}", start.elapsed());
                assert!(start.elapsed() < timeout + AT_ONCE, "late: {:?}", start.elapsed());
            }
        });
        drop(listener);
    });
}

/// Runs on one thread, which must not be blocked, and without tokio's timers.
#[test]
fn a_waiting_client_connects_when_there_is_room() {
    for wait_mode in [
        ConnectWaitMode::Unbounded,
        ConnectWaitMode::Timeout(Duration::from_secs(300)),
        ConnectWaitMode::Timeout(Duration::MAX),
    ] {
        within_deadline(move || {
            let folder = Folder::new();
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder.enable_io().build().unwrap().block_on(async {
                let listener = folder.options().backlog(0).create_tokio().unwrap();
                let waiting = fill(&folder.name());
                let client = tokio::spawn({
                    let name = folder.name();
                    async move {
                        let mut client = connect(name, wait_mode).await.unwrap();
                        client.write_all(b"in at last").await.unwrap();
                    }
                });
                // One attempt has failed, and other tasks can run.
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                assert!(!client.is_finished());
                for _ in &waiting {
                    listener.accept().await.unwrap();
                }
                let mut buf = [0; 10];
                listener.accept().await.unwrap().read_exact(&mut buf).await.unwrap();
                assert_eq!(&buf, b"in at last");
                client.await.unwrap();
            });
        });
    }
}

#[test]
fn a_waiting_client_is_refused_when_the_server_closes() {
    within_deadline(|| {
        let folder = Folder::new();
        block_on(async {
            let listener = folder.options().backlog(0).create_tokio().unwrap();
            let _waiting = fill(&folder.name());
            let client = tokio::spawn(Stream::connect(folder.name()));
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert!(!client.is_finished());
            drop(listener);
            assert_kind(client.await.unwrap(), NOBODY);
        });
    });
}

/// A cancelled connect leaves no descriptor open, and no client connected.
#[test]
fn a_cancelled_connect_leaves_no_descriptor_and_no_client() {
    within_deadline(|| {
        let folder = Folder::new();
        block_on(async {
            let listener = folder.options().backlog(0).create_tokio().unwrap();
            let waiting = fill(&folder.name());
            for _ in 0..10 {
                let limit = Duration::from_millis(2);
                let connecting = Stream::connect(folder.name());
                assert!(tokio::time::timeout(limit, connecting).await.is_err());
            }
            for _ in &waiting {
                listener.accept().await.unwrap();
            }
            let more = tokio::time::timeout(Duration::from_millis(50), listener.accept());
            assert!(more.await.is_err(), "a cancelled connect has left a client in the backlog");
        });
    });
}

/// Clients that wait in threads stand in a queue of the kernel. An asynchronous client must not
/// have to wait for a moment when that queue is empty.
#[test]
fn an_asynchronous_client_gets_its_turn_among_clients_that_block() {
    const BLOCKING: usize = 6;
    const ROUNDS: usize = 5;
    within_deadline(|| {
        let folder = Folder::new();
        let listener = folder.options().backlog(0).create_sync().unwrap();
        let is_over = AtomicBool::new(false);
        let connected = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..BLOCKING {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        // The listener is dropped at the end.
                        let _ = ConnectOptions::new().name(folder.name()).connect_sync();
                    }
                });
            }
            let asynchronous = scope.spawn(|| {
                block_on(async {
                    for _ in 0..ROUNDS {
                        drop(connect(folder.name(), ConnectWaitMode::Unbounded).await.unwrap());
                        connected.fetch_add(1, Ordering::SeqCst);
                    }
                });
            });
            let mut accepted = 0;
            // In a queue, it is about 15 for each round; with attempts from time to time hundreds.
            while connected.load(Ordering::SeqCst) < ROUNDS && accepted < 300 {
                listener.accept().unwrap();
                accepted += 1;
                // Time is the subject: a slow server, whose backlog the blocking clients fill. No call
                // reports that it is full without taking a place in it.
                thread::sleep(Duration::from_millis(2));
            }
            is_over.store(true, Ordering::Relaxed);
            let rounds = connected.load(Ordering::SeqCst);
            drop(listener);
            // Without a listener it fails.
            let _ = asynchronous.join();
            assert_eq!(rounds, ROUNDS, "after {accepted} clients");
        });
    });
}

#[test]
fn a_cancelled_client_that_waited_leaves_no_connection() {
    within_deadline(|| {
        let folder = Folder::new();
        let listener = folder.options().backlog(0).create_sync().unwrap();
        let waiting = fill(&folder.name());
        block_on(async {
            let connecting = connect(folder.name(), ConnectWaitMode::Unbounded);
            let waited = tokio::time::timeout(Duration::from_millis(100), connecting).await;
            assert!(waited.is_err());
        });
        // All have the same name, so other tests can add to them.
        let is_waiting = || {
            let entries = std::fs::read_dir("/proc/self/task").unwrap().flatten();
            let names = entries.filter_map(|task| std::fs::read(task.path().join("comm")).ok());
            names.filter(|name| name.starts_with(b"connecting")).count() > 0
        };
        eventually("the thread ends", || !is_waiting());
        waiting.iter().for_each(|_| drop(listener.accept().unwrap()));
        listener.set_nonblocking(ListenerNonblockingMode::Accept).unwrap();
        assert_kind(listener.accept(), &[ErrorKind::WouldBlock]);
    });
}

#[test]
fn hundreds_of_clients_wait_at_the_same_time() {
    const CLIENTS: usize = 200;
    within_deadline(|| {
        let folder = Folder::new();
        let listener = folder.options().backlog(1).create_sync().unwrap();
        let waiting = fill(&folder.name()).len();
        let server = thread::spawn(move || {
            let accept = || listener.accept().unwrap();
            (0..waiting + CLIENTS).map(|_| accept()).collect::<Vec<_>>()
        });
        block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..CLIENTS {
                let name = folder.name();
                tasks
                    .spawn(async move { connect(name, ConnectWaitMode::Unbounded).await.unwrap() });
            }
            assert_eq!(tasks.join_all().await.len(), CLIENTS);
        });
        assert_eq!(server.join().unwrap().len(), waiting + CLIENTS);
    });
}
