//! Modes and groups of socket files, and the umask.

use super::{
    child::{Job, argument, tell},
    files::{Folder, mode, options},
    stale::SetOnDrop,
};
use crate::harness::{assert_kind, within_deadline};
use local_socket::{
    Access, Listener, ListenerOptions, OnConflict, os::unix::ListenerOptionsExt as _,
};
use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
    time::Duration,
};

const MODES: [libc::mode_t; 8] = [0o600, 0o660, 0o666, 0o777, 0o700, 0o606, 0o200, 0o000];

#[test]
fn the_mode_is_exactly_that_of_the_option() {
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
        for wanted in MODES {
            let folder = Folder::new();
            let _first = (policy == OnConflict::Replace).then(|| folder.listen());
            let options = folder.options().on_conflict(policy).mode(wanted);
            let _listener = options.create_sync().unwrap();
            assert_eq!(mode(&folder.path()), wanted, "{wanted:o} {policy:?}");
        }
    }
}

#[test]
fn access_in_words_is_a_mode() {
    for (access, expected) in
        [(Access::CurrentUser, 0o600), (Access::Group, 0o660), (Access::Everyone, 0o666)]
    {
        let folder = Folder::new();
        let listener = folder.options().access(access).create_sync().unwrap();
        assert_eq!(mode(&folder.path()), expected, "{access:?}");
        drop(listener);
        let listener = folder.options().mode(0o640).access(access).create_sync().unwrap();
        assert_eq!(mode(&folder.path()), 0o640, "the mode has precedence");
        drop(listener);
    }
}

#[test]
#[cfg(linux_like)]
fn an_abstract_name_has_the_mode_of_its_socket() {
    use local_socket::{GenericNamespaced, ToNsName as _};
    for wanted in MODES {
        let word = crate::harness::unique_word();
        let name = word.to_ns_name::<GenericNamespaced>().unwrap();
        let listener = ListenerOptions::new().name(name).mode(wanted).create_sync().unwrap();
        let Listener::UdSocket(listener) = listener;
        assert_eq!(rustix::fs::fstat(&listener).unwrap().st_mode & 0o7777, wanted, "{wanted:o}");
    }
}

#[test]
fn the_owner_is_that_of_the_option() {
    let own = rustix::process::geteuid().as_raw();
    // Only root may give files to other users.
    let owner = if super::child::is_root() { 12_345 } else { own };
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
        let folder = Folder::new();
        let _first = (policy == OnConflict::Replace).then(|| folder.listen());
        let options = folder.options().on_conflict(policy).owner(owner).mode(0o620);
        let listener = options.create_sync().unwrap();
        let metadata = fs::symlink_metadata(folder.path()).unwrap();
        assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (owner, 0o620), "{policy:?}");
        drop(listener);
        assert!(!folder.path().exists());
    }
}

#[test]
fn the_group_is_that_of_the_option() {
    let own = rustix::process::getegid().as_raw();
    // Root may set any group, other users only a group that they are in.
    let group = if super::child::is_root() { 12_345 } else { own };
    let folder = Folder::new();
    let _listener = folder.options().group(group).mode(0o660).create_sync().unwrap();
    let metadata = fs::symlink_metadata(folder.path()).unwrap();
    assert_eq!((metadata.gid(), metadata.mode() & 0o7777), (group, 0o660));
}

/// The umask belongs to the process, so this test needs one of its own.
#[test]
fn the_umask_neither_weakens_a_mode_nor_is_changed() {
    within_deadline(|| {
        let folder = Folder::new();
        let lines = Job::new("umask").with("folder", folder.root()).run();
        assert_eq!(lines, ["done"]);
    });
}

/// The job of that test.
pub(super) fn listen_under_umasks() {
    let folder = PathBuf::from(argument("folder"));
    let path = folder.join("a.sock");
    for umask in [0o077, 0o777, 0o000, 0o022] {
        set_umask(umask);
        for wanted in MODES {
            let listener = options(&path).mode(wanted).create_sync().unwrap();
            assert_eq!(mode(&path), wanted, "{wanted:o} under {umask:o}");
            drop(listener);
        }
        let listener = options(&path).create_sync().unwrap();
        assert_eq!(mode(&path), 0o777 & !umask, "by default, under {umask:o}");
        drop(listener);
        assert_eq!(set_umask(umask), umask, "the umask has been changed");
    }
    let umask = 0o027;
    set_umask(umask);
    files_of_another_thread_get_their_mode(&folder, &path, umask);
    tell("done");
}

fn set_umask(umask: libc::mode_t) -> libc::mode_t {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask)).as_raw_mode()
}

/// The umask is not changed, not even for a moment.
fn files_of_another_thread_get_their_mode(folder: &Path, path: &Path, umask: libc::mode_t) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                let made = folder.join("made");
                fs::create_dir(&made).unwrap();
                assert_eq!(mode(&made), 0o777 & !umask);
                fs::remove_dir(&made).unwrap();
                rounds += 1;
            }
            rounds
        });
        for _ in 0..300 {
            options(path).mode(0o666).create_sync().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(other.join().unwrap() > 0);
    });
}

#[test]
fn a_mode_has_no_bits_beyond_7777() {
    for mode in [0o10000, 0o70000, 0o100_600] {
        let folder = Folder::new();
        let result = folder.options().mode(mode).create_sync();
        let error = assert_kind(result, &[ErrorKind::InvalidInput]);
        assert!(error.to_string().contains(&format!("{mode:o} is no mode")), "{error}");
        assert_eq!(folder.entries(), [""; 0]);
    }
}

/// In another user's folder, another file takes the place of the socket right after it was bound.
/// Mode and group of that file must not change.
#[test]
fn the_permissions_of_a_file_that_was_swapped_in_are_not_changed() {
    within_deadline(|| {
        let folder = Folder::new();
        let lines = Job::new("swapped in").with("folder", folder.root()).run();
        assert_eq!(lines, ["done"]);
    });
}

/// The job of that test.
pub(super) fn listen_while_files_are_swapped_in() {
    let folder = PathBuf::from(argument("folder"));
    set_umask(0o077);
    let regular = folder.join("regular");
    fs::write(&regular, "precious").unwrap();
    let socket = folder.join("socket");
    let _other_server = options(&socket).mode(0o600).create_sync().unwrap();
    let path = folder.join("a.sock");
    let swapped = AtomicU32::new(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for victim in [&regular, &socket].into_iter().cycle() {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let bait = folder.join("bait");
                fs::hard_link(victim, &bait).unwrap();
                while !done.load(Ordering::Relaxed) && !path.exists() {
                    std::hint::spin_loop();
                }
                if fs::rename(&bait, &path).is_ok() {
                    swapped.fetch_add(1, Ordering::Relaxed);
                }
                let _ = fs::remove_file(&bait);
            }
        });
        let _done = SetOnDrop(&done);
        for round in 0..1000 {
            let mut options = options(&path).mode(0o666);
            if round % 2 == 0 {
                options = options.on_conflict(OnConflict::Replace);
            }
            // Listening may fail: the attacker can always remove the file.
            drop(options.max_spin_time(Duration::from_millis(5)).create_sync());
            let _ = fs::remove_file(&path);
            for victim in [&regular, &socket] {
                assert_eq!(mode(victim), 0o600, "round {round}: {victim:?}");
            }
        }
    });
    assert!(swapped.into_inner() > 0);
    tell("done");
}
