//! The lock of the folder, which another process holds.

use super::block_on;
use crate::{
    harness::{AT_ONCE, assert_kind, within_deadline},
    unix::files::{Folder, make_stale},
};
use local_socket::{
    OnConflict,
    error::{Obstacle, SocketError},
    traits::tokio::{Listener as _, Stream as _},
};
use std::{
    fs::File,
    io::{self, ErrorKind},
    time::{Duration, Instant},
};

/// Holds the lock of the folder, as any process can that may read the folder.
fn lock(folder: &Folder) -> File {
    let lock = File::open(folder.root()).unwrap();
    lock.lock().unwrap();
    // The lock file of earlier versions.
    let file = File::create(folder.root().join(".a.sock.claim")).unwrap();
    file.lock().unwrap();
    lock
}

fn options(folder: &Folder) -> local_socket::ListenerOptions<'static> {
    folder.options().on_conflict(OnConflict::ReplaceStale)
}

/// Other processes hold the lock, and the message says which one.
#[track_caller]
fn assert_contended<T: std::fmt::Debug>(result: io::Result<T>) {
    let error = assert_kind(result, &[ErrorKind::ResourceBusy]);
    let obstacle = SocketError::of(&error).unwrap().obstacle().cloned();
    assert!(matches!(obstacle, Some(Obstacle::Contended(Some(_)))), "{obstacle:?}");
    assert!(error.to_string().contains("holds the lock of the folder"), "{error}");
    if cfg!(target_os = "linux") {
        let pid = format!("pid {}", std::process::id());
        assert!(error.to_string().contains(&pid), "{error}");
    }
}

/// Returns the shortest of some times, so that a busy system does not matter.
fn shortest(mut measured: impl FnMut()) -> Duration {
    let times = (0..5).map(|_| {
        let start = Instant::now();
        measured();
        start.elapsed()
    });
    times.min().unwrap()
}

/// A held lock must not block an event loop for long.
#[test]
fn a_free_name_does_not_wait_for_the_lock_and_nor_does_dropping() {
    within_deadline(|| {
        let folder = Folder::new();
        let _lock = lock(&folder);
        block_on(async {
            let time = shortest(|| drop(options(&folder).create_tokio().unwrap()));
            assert!(time < Duration::from_millis(40), "{time:?}");
        });
    });
}

#[test]
fn taking_over_blocks_for_a_short_time_only() {
    within_deadline(|| {
        let folder = Folder::new();
        make_stale(&folder.path());
        let _lock = lock(&folder);
        block_on(async {
            let time = shortest(|| assert_contended(options(&folder).create_tokio()));
            // The limit is 50 ms.
            assert!(time < Duration::from_millis(500), "{time:?}");
        });
    });
}

/// Runs on one thread, which must not be blocked, and without tokio's timers.
#[test]
fn taking_over_can_wait_without_blocking() {
    within_deadline(|| {
        let folder = Folder::new();
        make_stale(&folder.path());
        let held = lock(&folder);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_io().build().unwrap().block_on(async {
            let limit = Duration::from_millis(100);
            let options = || options(&folder).max_spin_time(limit);
            let start = Instant::now();
            assert_contended(options().create_tokio_async().await);
            assert!(start.elapsed() >= limit, "{:?}", start.elapsed());
            assert!(start.elapsed() < limit + AT_ONCE, "{:?}", start.elapsed());
            let listening =
                tokio::spawn(options().max_spin_time(Duration::MAX).create_tokio_async());
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert!(!listening.is_finished());
            drop(held);
            let listener = listening.await.unwrap().unwrap();
            let client = local_socket::tokio::Stream::connect(folder.name());
            let (client, server) = tokio::join!(client, listener.accept());
            drop((client.unwrap(), server.unwrap()));
            // A cancelled call replaces nothing.
            drop(listener);
            make_stale(&folder.path());
            let inode = crate::unix::files::inode(&folder.path());
            let _held = lock(&folder);
            let cancelled = tokio::spawn(options().create_tokio_async());
            tokio::task::yield_now().await;
            cancelled.abort();
            assert!(cancelled.await.unwrap_err().is_cancelled());
            assert_eq!(crate::unix::files::inode(&folder.path()), inode);
        });
    });
}
