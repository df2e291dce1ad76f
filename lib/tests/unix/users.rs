//! Users without access. As root, an ordinary user acts as the stranger; otherwise it is the
//! current user, whom the mode keeps out.

use super::{
    child::{Job, argument, is_root, tell},
    files::{Folder, name, options},
};
use crate::harness::within_deadline;
use local_socket::{
    OnConflict, Stream,
    os::unix::ListenerOptionsExt as _,
    traits::{Stream as _, StreamCommon as _},
};
use std::{fs, io::ErrorKind, path::PathBuf, process};

/// Returns a mode that keeps ordinary users out.
fn closed_mode() -> libc::mode_t {
    if is_root() { 0o600 } else { 0o000 }
}

/// The job: connects and tells the result.
pub(super) fn connect_as_told() {
    match Stream::connect(name(&PathBuf::from(argument("path")))) {
        Ok(stream) => {
            let server = stream.peer_creds().unwrap();
            tell(&format!("connected to {:?} {:?}", server.pid(), server.euid()));
            // Waits for the test, so that it can examine the process.
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        Err(error) => tell(&format!("{:?}: {error}", error.kind())),
    }
}

#[test]
fn other_users_get_permission_denied() {
    within_deadline(|| {
        let folder = Folder::open_to_all(0o755);
        let _listener = folder.options().mode(closed_mode()).create_sync().unwrap();
        let lines = Job::new("connect").with("path", folder.path()).by_ordinary_user().run();
        let expected = format!("PermissionDenied: cannot connect to {}: ", folder.name());
        assert!(lines[0].starts_with(&expected), "{lines:?}");
    });
}

#[test]
fn other_users_can_connect_to_an_open_mode_and_are_identified() {
    within_deadline(|| {
        let folder = Folder::open_to_all(0o755);
        let listener = folder.options().mode(0o666).create_sync().unwrap();
        let job = Job::new("connect").with("path", folder.path()).by_ordinary_user();
        let mut client = job.start();
        let own = (process::id(), rustix::process::geteuid().as_raw());
        let expected = format!("connected to Some({}) Some({})", own.0, own.1);
        assert_eq!(client.next_line().unwrap(), expected);
        let stream = local_socket::traits::Listener::accept(&listener).unwrap();
        let creds = stream.peer_creds_with_groups().unwrap();
        assert_eq!(creds.pid().and_then(|pid| u32::try_from(pid).ok()), Some(client.pid()));
        if is_root() {
            assert_eq!((creds.euid(), creds.egid()), (Some(65534), Some(65534)));
            assert!(creds.groups().is_some_and(|groups| !groups.contains(&0)), "{creds:?}");
        }
        client.tell("go");
        client.finish();
    });
}

/// A client tries to connect all the time while a server starts again and again: at no moment may
/// its socket be open to all.
#[test]
fn no_other_user_can_connect_while_a_server_starts() {
    within_deadline(|| {
        let folder = Folder::open_to_all(0o755);
        let knocker = Job::new("knock").with("folder", folder.root()).by_ordinary_user();
        let mut knocker = knocker.start();
        assert_eq!(knocker.next_line().unwrap(), "knocking");
        let mode = format!("{:o}", closed_mode());
        let guard = Job::new("guard").with("folder", folder.root()).with("mode", mode);
        assert_eq!(guard.run(), ["done"]);
        // An open socket; it also shows that the client could have connected.
        let _open = options(&folder.root().join("open")).mode(0o666).create_sync().unwrap();
        let line = knocker.next_line().unwrap();
        let mut counts = line.split(' ').map(|count| count.parse::<u32>().unwrap());
        let (refused, got_in) = (counts.next().unwrap(), counts.next().unwrap());
        assert_eq!(got_in, 0);
        assert!(refused > 0, "the knocker never met the server");
        knocker.finish();
    });
}

/// The job that tries to connect.
pub(super) fn knock() {
    let folder = PathBuf::from(argument("folder"));
    let (guarded, open) = (name(&folder.join("guarded")), name(&folder.join("open")));
    let (mut refused, mut got_in) = (0, 0);
    tell("knocking");
    // It ends with the test, too.
    let test = rustix::process::getppid();
    while Stream::connect(open.borrow()).is_err() && rustix::process::getppid() == test {
        for _ in 0..50 {
            match Stream::connect(guarded.borrow()) {
                Ok(_) => got_in += 1,
                Err(error) if error.kind() == ErrorKind::PermissionDenied => refused += 1,
                Err(_) => {}
            }
        }
    }
    tell(&format!("{refused} {got_in}"));
}

/// The job that starts servers. Its umask allows everything, so the mode has to keep others out.
pub(super) fn guard() {
    rustix::process::umask(rustix::fs::Mode::empty());
    let path = PathBuf::from(argument("folder")).join("guarded");
    let mode = libc::mode_t::from_str_radix(argument("mode").to_str().unwrap(), 8).unwrap();
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
        for _ in 0..200 {
            let first = options(&path).mode(mode).on_conflict(policy).create_sync().unwrap();
            let options = options(&path).mode(mode).on_conflict(OnConflict::Replace);
            let second = options.create_sync().unwrap();
            drop((first, second));
        }
    }
    tell("done");
}

/// The job: tries to listen and tells the result.
pub(super) fn listen_in() {
    let path = PathBuf::from(argument("path"));
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
        let mut options = options(&path).on_conflict(policy).mode(0o600);
        if argument("group") == "roots" {
            options = options.group(0);
        }
        let start = std::time::Instant::now();
        let result = options.create_sync();
        assert!(start.elapsed() < std::time::Duration::from_millis(900), "{:?}", start.elapsed());
        match result {
            Ok(_) => tell("listens"),
            Err(error) => tell(&format!("{:?}", error.kind())),
        }
    }
}

#[test]
fn listening_in_a_folder_of_another_user_is_refused() {
    within_deadline(|| {
        let folder = Folder::open_to_all(0o555);
        let job = Job::new("listen in").with("path", folder.path()).with("group", "own");
        assert_eq!(job.by_ordinary_user().run(), ["PermissionDenied"; 3]);
    });
}

/// That the name is in use is a better message than that the folder cannot be written to.
#[test]
fn a_live_name_in_a_folder_of_another_user_is_in_use() {
    within_deadline(|| {
        let folder = Folder::open_to_all(0o755);
        let _listener = folder.options().mode(0o666).create_sync().unwrap();
        if !is_root() {
            let read_only = std::os::unix::fs::PermissionsExt::from_mode(0o555);
            fs::set_permissions(folder.root(), read_only).unwrap();
        }
        let job = Job::new("listen in").with("path", folder.path()).with("group", "own");
        let lines = job.by_ordinary_user().run();
        // Only the permission to replace it is missing.
        assert_eq!(lines, ["AddrInUse", "AddrInUse", "PermissionDenied"]);
        if !is_root() {
            let writable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(folder.root(), writable).unwrap();
        }
    });
}

/// A failure after `bind` leaves no file, and does not wait for its own lock.
#[test]
fn a_failure_after_bind_leaves_no_file() {
    within_deadline(|| {
        let folder = Folder::open_to_all(0o777);
        let job = Job::new("listen in").with("path", folder.path()).with("group", "roots");
        assert_eq!(job.by_ordinary_user().run(), ["PermissionDenied"; 3]);
        assert_eq!(folder.entries(), [""; 0]);
    });
}
