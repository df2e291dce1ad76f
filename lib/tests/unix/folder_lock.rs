//! The lock of the folder, which processes hold while they take over a name.

use super::files::{Folder, TAKING_OVER, inode, make_stale, server_of};
use crate::harness::{AT_ONCE, assert_kind, within_deadline};
use local_socket::{
    OnConflict,
    error::{Holder, Obstacle, SocketError},
    os::unix::ListenerOptionsExt as _,
};
use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::symlink,
    path::Path,
    process::{self, Command},
    time::{Duration, Instant},
};

/// Earlier versions had a lock file of this name. A file of this name is ignored.
#[test]
fn a_file_named_like_an_old_lock_file_is_untouched_and_ignored() {
    within_deadline(|| {
        let lock = |folder: &Folder| folder.root().join(".a.sock.claim");
        let strangers: [fn(&Path); 5] = [
            |path| fs::write(path, "precious").unwrap(),
            |path| fs::write(path, "").unwrap(),
            |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
            |path| symlink("nowhere", path).unwrap(),
            |path| fs::create_dir(path).unwrap(),
        ];
        for make in strangers {
            let folder = Folder::new();
            make(&lock(&folder));
            let before = inode(&lock(&folder));
            let start = Instant::now();
            for policy in TAKING_OVER {
                drop(folder.options().on_conflict(policy).create_sync().unwrap());
                make_stale(&folder.path());
                drop(folder.options().on_conflict(policy).create_sync().unwrap());
            }
            let _live = folder.listen();
            drop(folder.options().on_conflict(OnConflict::Replace).create_sync().unwrap());
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            assert_eq!(folder.entries(), [".a.sock.claim"]);
            assert_eq!(inode(&lock(&folder)), before);
        }
    });
}

/// Holds the lock of the folder, as any process can that may read the folder.
fn lock(folder: &Folder) -> fs::File {
    let lock = fs::File::open(folder.root()).unwrap();
    lock.lock().unwrap();
    lock
}

#[test]
fn a_free_name_does_not_wait_for_a_lock() {
    within_deadline(|| {
        let folder = Folder::new();
        let _lock = lock(&folder);
        let start = Instant::now();
        for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
            let listener = folder.options().on_conflict(policy).mode(0o640).create_sync().unwrap();
            assert_eq!(server_of(&folder.path()), process::id());
            // The lock is not needed to report that there is a server.
            let second = folder.options().on_conflict(OnConflict::ReplaceStale).create_sync();
            let error = assert_kind(second, &[ErrorKind::AddrInUse]);
            let obstacle = SocketError::of(&error).unwrap().obstacle().cloned();
            assert!(matches!(obstacle, Some(Obstacle::LiveServer(_))), "{obstacle:?}");
            drop(listener);
            assert_eq!(folder.entries(), [""; 0]);
        }
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    });
}

/// Another process holds the lock for too long.
#[test]
fn taking_over_fails_after_the_maximum_time() {
    within_deadline(|| {
        for policy in TAKING_OVER {
            let folder = Folder::new();
            let _live = (policy == OnConflict::Replace).then(|| folder.listen());
            if policy == OnConflict::ReplaceStale {
                make_stale(&folder.path());
            }
            let before = inode(&folder.path());
            let _lock = lock(&folder);
            let start = Instant::now();
            let limit = Duration::from_millis(200);
            let options = folder.options().on_conflict(policy).max_spin_time(limit);
            let error = assert_kind(options.create_sync(), &[ErrorKind::ResourceBusy]);
            assert!(start.elapsed() >= limit, "{:?}", start.elapsed());
            assert!(start.elapsed() < limit + AT_ONCE, "{:?}", start.elapsed());
            assert_eq!((inode(&folder.path()), folder.entries()), (before, vec!["a.sock".into()]));
            match SocketError::of(&error).unwrap().obstacle() {
                Some(Obstacle::Contended(Some(held))) => {
                    assert_eq!(held.folder, folder.root());
                    let pid = held.holder.as_ref().map(|holder| match holder {
                        Holder::Process { pid, .. } => *pid,
                        holder => panic!("{holder:?}"),
                    });
                    assert_eq!(pid, cfg!(target_os = "linux").then(process::id));
                }
                obstacle => panic!("{obstacle:?}"),
            }
        }
    });
}

#[test]
fn the_longest_and_the_shortest_time_limit_work() {
    within_deadline(|| {
        let folder = Folder::new();
        make_stale(&folder.path());
        let options = folder.options().on_conflict(OnConflict::ReplaceStale);
        options.max_spin_time(Duration::MAX).create_sync().unwrap();
        make_stale(&folder.path());
        let options = folder.options().on_conflict(OnConflict::ReplaceStale);
        options.max_spin_time(Duration::ZERO).create_sync().unwrap();
    });
}
