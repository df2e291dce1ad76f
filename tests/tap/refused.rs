//! Names that are not tapped. Nothing changes.

use super::{ASIDE, expect_back, identity, start_server, start_tap};
use crate::harness::{Scene, has_mount_namespaces};
use rustix::fs::{FlockOperation, flock};
use std::{fs, os::unix::net::UnixDatagram};

#[test]
fn names_that_are_no_file_are_refused_with_the_way_to_trace_them() {
    let scene = Scene::new();
    for name in [scene.word(), "ns-hex:6100ff"] {
        let outcome = scene.lsock(["tap", name]).run().fails(2);
        let outcome = outcome.says("an abstract socket has no file that could be renamed\n");
        outcome.says("hint: `lsock relay --trace OTHER ").says("point the client there");
    }
}

#[test]
fn what_is_no_live_server_is_refused() {
    let scene = Scene::new();
    fs::write(scene.path("file"), "precious").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    std::os::unix::fs::symlink("s", scene.path("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", scene.path("dangling")).unwrap();
    drop(scene.host("./stale"));
    let _datagram = UnixDatagram::bind(scene.path("datagram")).unwrap();
    let before = scene.files();
    for (name, status, reason) in [
        ("./none", 3, "no such file or directory"),
        ("./folder/none/s", 3, "no such file or directory: ./folder/none does not exist"),
        ("./file/s", 3, "./file is a regular file, not a folder"),
        ("./dangling/s", 3, "no such file or directory: the folder ./dangling is a symbolic link"),
        ("./file", 3, "it is a regular file, not a socket"),
        ("./folder", 3, "it is a folder, not a socket"),
        ("./link", 2, "it is a symbolic link to ./s\nhint: tap ./s itself"),
        ("./stale", 3, "nobody listens\nhint: its server has ended; start it first"),
        ("./datagram", 3, "it is a datagram socket, which has no connections"),
    ] {
        for options in [&[][..], &["--explain"]] {
            let outcome = scene.lsock(["tap", name]).args(options).run().fails(status);
            outcome.says(&format!("lsock: cannot tap {name}: {reason}")).output("");
        }
    }
    assert_eq!(scene.files(), before);
    assert_eq!(fs::read(scene.path("file")).unwrap(), b"precious");
}

/// A server for a single client would have had it otherwise.
#[test]
#[cfg(target_os = "linux")]
fn a_server_for_sequenced_packets_is_refused_and_sees_no_client() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept};
    let scene = Scene::new();
    let (flags, path) = (SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, scene.path("packets"));
    let server =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).unwrap();
    rustix::net::bind(&server, &SocketAddrUnix::new(path).unwrap()).unwrap();
    rustix::net::listen(&server, 1).unwrap();
    let outcome = scene.lsock(["tap", "./packets"]).run().fails(3);
    outcome.says("cannot tap ./packets: it is a socket for sequenced packets, not for a stream");
    assert_eq!(accept(&server).map(drop), Err(rustix::io::Errno::AGAIN));
}

#[test]
fn a_second_tap_is_refused_and_names_the_first() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    let tap = start_tap(&scene, &[]);
    let by = format!("cannot tap ./s: it is already tapped by pid {} (lsock)", tap.pid());
    for options in [&[][..], &["--restore"], &["--explain"], &["--restore", "--explain"]] {
        scene.lsock(["tap", "./s"]).args(options).run().fails(3).says(&by).output("");
    }
    scene.wire("./s").expect_echo("tapped");
    tap.terminate().says("connection 1: 6 bytes");
    expect_back(&scene, before);
}

/// Of several taps that start at the same time, one serves.
#[test]
fn one_of_many_taps_that_start_at_once_serves() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    let mut taps: Vec<_> = (0..6).map(|_| scene.lsock(["tap", "-v", "./s"]).start()).collect();
    crate::harness::wait_until("all taps but one have ended", || {
        taps.iter_mut().filter_map(|tap| tap.is_running().then_some(())).count() == 1
    });
    scene.wire("./s").expect_echo("tapped");
    for mut tap in taps {
        if tap.is_running() {
            tap.terminate().says("connection 1: 6 bytes");
        } else {
            tap.end().code(3).says("cannot tap ./s: ");
        }
    }
    expect_back(&scene, before);
}

#[test]
fn a_file_in_the_way_is_not_touched() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    fs::write(scene.path(ASIDE), "precious").unwrap();
    for options in [&[][..], &["--restore"], &["--explain"], &["--restore", "--explain"]] {
        let outcome = scene.lsock(["tap", "./s"]).args(options).run().fails(3).output("");
        outcome.says("a regular file is in the way, which is no socket of a tap");
    }
    assert_eq!(fs::read(scene.path(ASIDE)).unwrap(), b"precious");
}

/// The lock is that of servers which take over a name.
#[test]
fn a_locked_folder_is_refused() {
    let scene = Scene::new();
    let _server = start_server(&scene);
    let before = identity(&scene.path("s"));
    let folder = fs::File::open(scene.folder()).unwrap();
    flock(&folder, FlockOperation::LockExclusive).unwrap();
    let outcome = scene.lsock(["tap", "./s"]).run().fails(3);
    outcome.says("holds the lock of the folder .\n");
    expect_back(&scene, before);
}

#[test]
fn options_that_do_not_go_together_are_wrong_usage() {
    let scene = Scene::new();
    let cases: [(&[&str], &str); 8] = [
        (&["./s", "--restore", "--as-me"], "cannot be used with"),
        (&["./s", "--restore", "--grace", "1s"], "cannot be used with"),
        (&["./s", "--restore", "--trace"], "cannot be used with"),
        (&["./s", "--restore", "--record", "r"], "cannot be used with"),
        (&["./s", "--restore", "--eof", "half"], "cannot be used with"),
        (&["./s", "--restore", "--max-time", "1s"], "cannot be used with"),
        (&["./s", "--copy", "splice"], "--copy splice"),
        (&["tcp:127.0.0.1:80"], "no local socket"),
    ];
    scene.expect_wrong_usage(&["tap"], &cases);
}

/// A file system without room for another file, and one that cannot be written to.
#[test]
fn a_full_disk_and_a_read_only_folder_leave_the_server_alone() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    fs::create_dir(scene.path("d")).unwrap();
    // The root of the file system and the socket are two of the three files.
    let script = r#"
        mount -t tmpfs -o nr_inodes=3 none d && cd d || exit
        "$0" listen -v ./s -k -- cat 2>../log & server=$!
        until grep -qs listening ../log; do sleep 0.02; done
        : >third; "$0" tap ./s; echo $? >&2; ls -A >&2
        mount -o remount,ro .
        for option in -v --explain; do "$0" tap ./s $option; echo $? >&2; done; ls -A >&2
        echo alive | "$0" connect ./s
        kill $server"#;
    let unshare = scene.command("unshare").args(["--map-root-user", "--mount", "sh", "-c"]);
    let outcome = unshare.args([script, env!("CARGO_BIN_EXE_lsock")]).run();
    let full = "lsock: cannot tap ./s: no space left on device\n3\ns\nthird\n";
    let fixed = "lsock: cannot tap ./s: read-only file system\n3\n";
    let expected = [full, fixed, fixed, "s\nthird\n"].concat();
    assert_eq!(outcome.stderr, expected, "{}", outcome.report());
    outcome.output("alive\n");
}
