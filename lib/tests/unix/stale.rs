//! Taking over stale socket files, and no other files.

use super::files::{Folder, TAKING_OVER, inode, make_stale, options, server_of};
use crate::harness::{AT_ONCE, assert_kind, eventually, within_deadline};
use local_socket::{
    OnConflict,
    error::{Holder, Obstacle, SocketError},
    os::unix::ListenerOptionsExt as _,
};
use std::{
    fs,
    io::ErrorKind,
    os::unix::{
        fs::symlink,
        net::{UnixDatagram, UnixListener},
    },
    path::Path,
    process::{self, Command},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

#[test]
fn a_stale_file_is_taken_over() {
    within_deadline(|| {
        for policy in TAKING_OVER {
            let folder = Folder::new();
            make_stale(&folder.path());
            let start = Instant::now();
            let listener = folder.options().on_conflict(policy).create_sync().unwrap();
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            assert_eq!(server_of(&folder.path()), process::id());
            assert_eq!(folder.entries(), ["a.sock"], "{policy:?}");
            drop(listener);
            assert_eq!(folder.entries(), [""; 0]);
        }
    });
}

#[test]
fn a_stale_file_is_an_error_by_default() {
    within_deadline(|| {
        let folder = Folder::new();
        make_stale(&folder.path());
        let stale = inode(&folder.path());
        assert_kind(folder.options().create_sync(), &[ErrorKind::AddrInUse]);
        assert_kind(folder.options().try_overwrite(false).create_sync(), &[ErrorKind::AddrInUse]);
        assert_eq!((folder.entries(), inode(&folder.path())), (vec!["a.sock".into()], stale));
    });
}

/// To `bind(2)` such a name is in use, but there is no file to wait for.
#[test]
fn a_link_to_nothing_with_a_slash_at_its_end_is_an_error_at_once() {
    within_deadline(|| {
        for policy in TAKING_OVER {
            let folder = Folder::new();
            symlink("nothing", folder.path()).unwrap();
            let start = Instant::now();
            for end in ["/", "/."] {
                let path = format!("{}{end}", folder.path().display());
                let result = options(Path::new(&path)).on_conflict(policy).create_sync();
                assert_kind(result, &[ErrorKind::NotFound]);
            }
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            assert_eq!(folder.entries(), ["a.sock"]);
        }
    });
}

#[test]
fn a_live_server_is_named_in_the_error() {
    within_deadline(|| {
        let folder = Folder::new();
        let listener = folder.listen();
        let before = inode(&folder.path());
        let result = folder.options().on_conflict(OnConflict::ReplaceStale).create_sync();
        let error = assert_kind(result, &[ErrorKind::AddrInUse]);
        match SocketError::of(&error).unwrap().obstacle() {
            Some(Obstacle::LiveServer(Some(Holder::Process { pid, command }))) => {
                let comm = fs::read_to_string("/proc/self/comm").unwrap();
                assert_eq!((*pid, command.as_deref()), (process::id(), Some(comm.trim_end())));
                assert!(error.to_string().contains(&format!("pid {pid}")), "{error}");
            }
            Some(Obstacle::LiveServer(Some(Holder::User(uid))))
                if cfg!(not(target_os = "linux")) =>
            {
                assert!(error.to_string().contains(&format!("uid {uid}")), "{error}");
            }
            obstacle => panic!("{obstacle:?}"),
        }
        assert_eq!((folder.entries(), inode(&folder.path())), (vec!["a.sock".into()], before));
        drop(listener);
    });
}

/// Checks that the file stays unchanged with each policy, and that the error names its type.
#[track_caller]
fn assert_untouched(folder: &Folder, what: &str) {
    let before = (inode(&folder.path()), folder.entries());
    let content = fs::read(folder.path()).ok();
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
        let result = folder.options().on_conflict(policy).create_sync();
        let error = assert_kind(result, &[ErrorKind::AddrInUse]);
        assert_eq!((inode(&folder.path()), folder.entries()), before, "{policy:?}");
        assert_eq!(fs::read(folder.path()).ok(), content);
        if policy != OnConflict::Fail {
            match SocketError::of(&error).unwrap().obstacle() {
                Some(Obstacle::NotASocket(found)) => assert_eq!(*found, what),
                obstacle => panic!("{obstacle:?}"),
            }
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}

#[test]
fn a_regular_file_is_untouched() {
    within_deadline(|| {
        let folder = Folder::new();
        fs::write(folder.path(), "precious").unwrap();
        assert_untouched(&folder, "a regular file");
    });
}

#[test]
fn a_folder_is_untouched() {
    within_deadline(|| {
        let folder = Folder::new();
        fs::create_dir(folder.path()).unwrap();
        assert_untouched(&folder, "a folder");
    });
}

#[test]
fn a_symbolic_link_is_untouched() {
    within_deadline(|| {
        // Links to nothing, to a stale socket file, to a live one, and to a regular file.
        let folder = Folder::new();
        let target = Folder::new();
        symlink(target.path(), folder.path()).unwrap();
        assert_untouched(&folder, "a symbolic link");
        assert_eq!(target.entries(), [""; 0]);
        make_stale(&target.path());
        assert_untouched(&folder, "a symbolic link");
        fs::remove_file(target.path()).unwrap();
        let listener = target.listen();
        assert_untouched(&folder, "a symbolic link");
        drop(listener);
        fs::write(target.path(), "precious").unwrap();
        assert_untouched(&folder, "a symbolic link");
        assert_eq!(target.entries(), ["a.sock"]);
    });
}

#[test]
fn a_fifo_is_untouched() {
    within_deadline(|| {
        let folder = Folder::new();
        assert!(Command::new("mkfifo").arg(folder.path()).status().unwrap().success());
        let before = inode(&folder.path());
        for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
            let result = folder.options().on_conflict(policy).create_sync();
            assert_kind(result, &[ErrorKind::AddrInUse]);
            assert_eq!((inode(&folder.path()), folder.entries()), (before, vec!["a.sock".into()]));
        }
    });
}

/// A socket that this process may not connect to may still have a server.
#[test]
fn a_socket_of_another_type_counts_as_live() {
    within_deadline(|| {
        let folder = Folder::new();
        let socket = UnixDatagram::bind(folder.path()).unwrap();
        let result = folder.options().on_conflict(OnConflict::ReplaceStale).create_sync();
        assert_kind(result, &[ErrorKind::AddrInUse]);
        drop(socket);
    });
}

#[test]
fn a_server_with_a_full_backlog_counts_as_live() {
    within_deadline(|| {
        let folder = Folder::new();
        let _listener = folder.options().backlog(0).create_sync().unwrap();
        let _waiting = super::backlog::fill(&folder.name());
        let before = inode(&folder.path());
        let result = folder.options().on_conflict(OnConflict::ReplaceStale).create_sync();
        let error = assert_kind(result, &[ErrorKind::AddrInUse]);
        let obstacle = SocketError::of(&error).unwrap().obstacle().cloned();
        assert!(matches!(obstacle, Some(Obstacle::LiveServer(_))), "{obstacle:?}");
        assert_eq!(inode(&folder.path()), before);
    });
}

#[test]
fn listening_in_a_missing_folder_is_not_found() {
    within_deadline(|| {
        let folder = Folder::new();
        for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
            let options = options(&folder.root().join("missing/a.sock")).on_conflict(policy);
            assert_kind(options.create_sync(), &[ErrorKind::NotFound]);
            assert_eq!(folder.entries(), [""; 0]);
        }
    });
}

/// Another program changes the path all the time: a file that is not a socket takes the place of a
/// stale socket, also with its inode number. No file is lost.
#[test]
fn a_file_that_replaces_a_stale_socket_is_untouched() {
    within_deadline(|| {
        let folder = Folder::new();
        let kept = Folder::new();
        let done = AtomicBool::new(false);
        let mut count = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let options = folder.options().on_conflict(OnConflict::ReplaceStale);
                    let result = options.max_spin_time(Duration::from_millis(1)).create_sync();
                    // The path can change until the time is over.
                    if result.is_err() {
                        assert_kind(result, &[ErrorKind::AddrInUse, ErrorKind::ResourceBusy]);
                    }
                }
            });
            let _done = SetOnDrop(&done);
            // Repeated until a file has come in between often enough.
            while count < 100 {
                thread::yield_now();
                if UnixListener::bind(folder.path()).is_err() {
                    continue;
                }
                let _ = fs::remove_file(folder.path());
                let mut file = fs::OpenOptions::new();
                let Ok(mut file) = file.write(true).create_new(true).open(folder.path()) else {
                    continue;
                };
                std::io::Write::write_all(&mut file, b"precious").unwrap();
                let moved = kept.root().join(count.to_string());
                // The file may be moved aside for a moment.
                eventually("the file is there", || fs::rename(folder.path(), &moved).is_ok());
                assert_eq!(fs::read(&moved).unwrap(), b"precious");
                count += 1;
            }
        });
        assert_eq!((kept.entries().len(), folder.entries()), (count, vec![]));
    });
}

/// Sets the flag also if the test fails: otherwise the other thread would never end.
pub(super) struct SetOnDrop<'a>(pub(super) &'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
