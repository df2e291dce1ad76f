//! A server that does not accept and has a full backlog.

// The BSDs and macOS refuse at once if the backlog is full.
#![cfg(linux_like)]

use super::block_on;
use crate::{
    harness::{AT_ONCE, NOBODY, assert_kind, within_deadline},
    unix::{backlog::fill, files::Folder},
};
use local_socket::{
    ConnectOptions, ConnectWaitMode, Name,
    os::unix::ListenerOptionsExt as _,
    tokio::Stream,
    traits::tokio::{Listener as _, Stream as _},
};
use std::{
    io::{self, ErrorKind},
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
