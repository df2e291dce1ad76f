//! Where the list comes from, and what may happen meanwhile.

use super::{rows, rows_of};
use crate::harness::{Scene, has, has_mount_namespaces};
use std::{
    os::unix::net::{UnixListener, UnixStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// A sandbox can refuse netlink. The sockets are listed from /proc/net/unix then.
#[test]
fn without_netlink_the_list_of_proc_is_read() {
    if !has("strace") {
        return;
    }
    let scene = Scene::new();
    let listener = UnixListener::bind(scene.path("s")).unwrap();
    let _client = UnixStream::connect(scene.path("s")).unwrap();
    let _accepted = listener.accept().unwrap();
    let refused = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=sendto:error=EPERM"];
    let ls = |args: &[&str]| {
        let strace = scene.command("strace").args(refused).arg(env!("CARGO_BIN_EXE_lsock"));
        let outcome = strace.args(["ls", "--json", "./s"]).args(args).run().ok();
        let outcome = outcome.says("does not answer by netlink");
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.report());
        rows_of(&outcome)
    };
    let found = ls(&[]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["state"], "listening");
    assert_eq!(found[0]["clients"], 1);
    assert_eq!(found[0]["server"]["processes"][0]["pid"], std::process::id());
    assert_eq!(ls(&["--all"]).len(), 2);
}

#[test]
fn without_proc_the_sockets_are_listed_without_processes() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    let _listener = UnixListener::bind(scene.path("s")).unwrap();
    let script = r#"mount -t tmpfs none /proc && exec "$0" ls --json ./s"#;
    let unshare = ["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_lsock")];
    let outcome = scene.command("unshare").args(unshare).run().ok();
    let outcome = outcome.says("1 socket may belong to processes");
    let found = rows_of(&outcome);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["server"]["processes"].as_array().unwrap().len(), 0);
    // Neither netlink nor /proc.
    if has("strace") {
        let script = r#"mount -t tmpfs none /proc &&
            exec strace -qq -o /dev/null -e inject=sendto:error=EPERM "$0" ls"#;
        let unshare = ["--map-root-user", "--mount", "sh", "-c", script];
        let lsock = scene.command("unshare").args(unshare).arg(env!("CARGO_BIN_EXE_lsock"));
        lsock.run().fails(1).says("cannot list the sockets of the system: ");
    }
}

/// Sockets and processes come and go while they are listed.
#[test]
fn what_vanishes_meanwhile_does_no_harm() {
    let scene = Scene::new();
    let _stays = UnixListener::bind(scene.path("stays")).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|threads| {
        for number in 0..3 {
            let (scene, is_over) = (&scene, &is_over);
            threads.spawn(move || {
                let path = scene.path(&number.to_string());
                while !is_over.load(Ordering::Relaxed) {
                    let listener = UnixListener::bind(&path).unwrap();
                    let client = UnixStream::connect(&path).unwrap();
                    let accepted = listener.accept().unwrap();
                    let listener = std::os::fd::OwnedFd::from(listener);
                    scene.command("true").stdin(listener).run().ok();
                    drop((client, accepted));
                    std::fs::remove_file(&path).unwrap();
                }
            });
        }
        let listed = std::panic::catch_unwind(|| {
            for _ in 0..10 {
                for args in [&["./stays"][..], &["./stays", "--all"], &["./stays", "--stale", "."]]
                {
                    let found = rows(&scene, args);
                    let names = found.iter().filter(|row| row["state"] == "listening");
                    assert_eq!(names.count(), 1, "{found:#?}");
                }
                scene.lsock(["ls", "--all", "-q"]).run().silent();
            }
        });
        is_over.store(true, Ordering::Relaxed);
        listed.unwrap();
    });
}
