//! Removal of socket files.

use super::{
    child::{Job, argument, tell},
    files::{Folder, inode, name, options, server_of},
};
use crate::harness::{NOBODY, assert_kind, within_deadline};
use local_socket::{
    OnConflict, Stream,
    traits::{Listener as _, Stream as _},
};
use std::{env, fs, os::unix::net::UnixListener, path::Path, process};

#[test]
fn dropping_removes_the_file() {
    let folder = Folder::new();
    drop(folder.listen());
    assert_eq!(folder.entries(), [""; 0]);
}

#[test]
fn closing_removes_the_file() {
    let folder = Folder::new();
    let listener = folder.listen();
    listener.close().unwrap();
    assert_eq!(folder.entries(), [""; 0]);
    // A file that is created afterwards belongs to another listener.
    let _other = folder.listen();
    let before = inode(&folder.path());
    listener.close().unwrap();
    drop(listener);
    assert_eq!(inode(&folder.path()), before);
}

#[test]
fn the_file_is_kept_without_reclaim_name() {
    let folder = Folder::new();
    drop(folder.options().reclaim_name(false).create_sync().unwrap());
    assert_eq!(folder.entries(), ["a.sock"]);
    assert_kind(Stream::connect(folder.name()), NOBODY);

    let options = || folder.options().on_conflict(OnConflict::ReplaceStale);
    let mut listener = options().create_sync().unwrap();
    listener.do_not_reclaim_name_on_drop();
    drop(listener);
    assert_eq!(folder.entries(), ["a.sock"]);

    let listener = options().reclaim_name(false).create_sync().unwrap();
    listener.close().unwrap();
    assert_eq!(folder.entries(), ["a.sock"]);
    assert_kind(Stream::connect(folder.name()), NOBODY);
    assert_kind(listener.accept(), &[std::io::ErrorKind::NotConnected]);
    drop(listener);

    drop(options().reclaim_name(true).create_sync().unwrap());
    assert_eq!(folder.entries(), [""; 0]);
}

/// Another process has removed the file and created its own.
#[test]
fn the_file_of_another_listener_is_not_removed() {
    within_deadline(|| {
        for close in [false, true] {
            let folder = Folder::new();
            let listener = folder.listen();
            fs::remove_file(folder.path()).unwrap();
            let other = UnixListener::bind(folder.path()).unwrap();
            if close {
                listener.close().unwrap();
            }
            drop(listener);
            assert_eq!(folder.entries(), ["a.sock"]);
            assert_eq!(server_of(&folder.path()), process::id());
            other.accept().unwrap();
        }
        let folder = Folder::new();
        let listener = folder.listen();
        fs::remove_file(folder.path()).unwrap();
        fs::write(folder.path(), "precious").unwrap();
        drop(listener);
        assert_eq!(fs::read(folder.path()).unwrap(), b"precious");
    });
}

/// The file was renamed: there is no file at the path to remove.
#[test]
fn a_renamed_file_is_not_removed() {
    let folder = Folder::new();
    let listener = folder.listen();
    let moved = folder.root().join("moved");
    fs::rename(folder.path(), &moved).unwrap();
    Stream::connect(name(&moved)).unwrap();
    drop(listener);
    assert_eq!(folder.entries(), ["moved"]);
}

/// The file and its folder were removed: there is nothing to do, and no error.
#[test]
fn a_missing_file_is_no_error() {
    let folder = Folder::new();
    let deep = folder.root().join("deep");
    fs::create_dir(&deep).unwrap();
    let listener = options(&deep.join("a.sock")).create_sync().unwrap();
    fs::remove_dir_all(&deep).unwrap();
    listener.close().unwrap();
    drop(listener);
}

/// The working directory belongs to the process, so this test needs one of its own.
#[test]
fn a_file_with_a_relative_path_is_removed_after_a_change_of_directory() {
    within_deadline(|| {
        let (here, there) = (Folder::new(), Folder::new());
        let job = Job::new("chdir").with("here", here.root()).with("there", there.root());
        assert_eq!(job.run(), ["done"]);
    });
}

/// The job of that test.
pub(super) fn change_folder() {
    let (here, there) = (argument("here"), argument("there"));
    let (here, there) = (Path::new(&here), Path::new(&there));
    let policies = [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace];
    for relative in ["a.sock", "./a.sock", "deep/a.sock", "deep/../a.sock", "@a", "-"] {
        for policy in policies {
            listen_here_and_drop_there(here, there, Path::new(relative), policy, false);
            listen_here_and_drop_there(here, there, Path::new(relative), policy, true);
        }
    }
    tell("done");
}

fn listen_here_and_drop_there(
    here: &Path,
    there: &Path,
    relative: &Path,
    policy: OnConflict,
    is_replaced: bool,
) {
    env::set_current_dir(here).unwrap();
    fs::create_dir("deep").unwrap();
    let replace = || options(relative).on_conflict(OnConflict::Replace).create_sync().unwrap();
    let first = options(relative).on_conflict(policy).create_sync().unwrap();
    let second = is_replaced.then(replace);
    assert_eq!(server_of(relative), process::id());
    assert_eq!(second.as_ref().unwrap_or(&first).local_name().unwrap().as_os_str(), relative);

    env::set_current_dir(there).unwrap();
    fs::create_dir("deep").unwrap();
    fs::write(relative, "precious").unwrap();
    drop(first);
    if let Some(second) = second {
        Stream::connect(name(&here.join(relative))).unwrap();
        drop(second);
    }
    fs::remove_dir(here.join("deep")).unwrap();
    assert_eq!(fs::read_dir(here).unwrap().count(), 0, "{relative:?} {policy:?}");
    assert_eq!(fs::read(relative).unwrap(), b"precious");
    fs::remove_file(relative).unwrap();
    fs::remove_dir("deep").unwrap();
}

/// A forked child has a copy of the listener and drops it when it ends.
#[test]
fn a_forked_child_does_not_remove_the_file() {
    within_deadline(|| {
        let folder = Folder::new();
        assert_eq!(Job::new("fork and drop").with("path", folder.path()).run(), ["done"]);
        assert_eq!(folder.entries(), [""; 0]);
    });
}

/// The job of that test.
pub(super) fn fork_and_drop() {
    let path = std::path::PathBuf::from(argument("path"));
    let check = |drop_in_child: &dyn Fn()| {
        in_a_fork(drop_in_child);
        Stream::connect(name(&path)).unwrap();
    };
    for gives_up in [false, true] {
        let listener = std::cell::Cell::new(Some(options(&path).create_sync().unwrap()));
        check(&|| {
            let listener = listener.take().unwrap();
            if gives_up {
                listener.give_up_name();
            }
        });
        drop(listener);
        assert!(!path.exists());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _guard = runtime.enter();
    let listener = std::cell::Cell::new(Some(options(&path).create_tokio().unwrap()));
    check(&|| drop(listener.take()));
    drop(listener);
    assert!(!path.exists());
    tell("done");
}

/// Runs the function in a forked child, which then exits, and waits for it.
#[allow(unsafe_code, reason = "nothing safe forks")]
fn in_a_fork(function: &dyn Fn()) {
    // SAFETY: the child drops a listener and exits, and does nothing else.
    match unsafe { libc::fork() } {
        0 => {
            function();
            // SAFETY: the call ends only the child.
            unsafe { libc::_exit(7) }
        }
        child => {
            let mut status = 0;
            // SAFETY: the pointer is to a live integer.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(libc::WEXITSTATUS(status), 7, "{status}");
        }
    }
}

/// Dropping a listener does not wait for the lock of the folder.
#[test]
fn dropping_does_not_wait_for_the_lock() {
    within_deadline(|| {
        let folder = Folder::new();
        let lock = fs::File::open(folder.root()).unwrap();
        lock.lock().unwrap();
        // The lock file of earlier versions.
        let file = fs::File::create(folder.root().join(".a.sock.claim")).unwrap();
        file.lock().unwrap();
        let start = std::time::Instant::now();
        for _ in 0..20 {
            drop(folder.listen());
        }
        assert_eq!(folder.entries(), [".a.sock.claim"]);
        assert!(start.elapsed() < crate::harness::AT_ONCE, "{:?}", start.elapsed());
    });
}
