//! Where `/proc` is not mounted, and so `/dev/fd` leads nowhere: a bare chroot(2), or a container.

use crate::harness::{Cmd, Scene, data, has_mount_namespaces};
use std::{fs, os::unix::fs::PermissionsExt};

/// lsock in a mount namespace whose `/proc` is empty, with the descriptor 7 and this umask.
fn lsock(scene: &Scene, umask: &str, args: &[&str]) -> Cmd {
    let script = format!(
        r#"mount -t tmpfs none /proc && [ ! -e /dev/fd/0 ] && exec 7</dev/null &&
           umask {umask} && exec "$0" "$@""#
    );
    let unshare = scene.command("unshare").args(["--map-root-user", "--mount", "sh", "-c"]);
    unshare.args([&script, env!("CARGO_BIN_EXE_lsock")]).args(args)
}

/// A script of a command that says whether the descriptor came along.
const HAS_DESCRIPTOR: &str = "(: <&7) 2>/dev/null && echo open || echo closed";

#[test]
fn commands_get_no_descriptors_of_lsock() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    let command = ["--", "sh", "-c", HAS_DESCRIPTOR];
    for args in [
        &["listen", "-v", "./s"][..],
        &["listen", "-v", "./s", "--buffer", "64K"],
        &["listen", "-v", "./s", "-k"],
        &["relay", "-v", "./s"],
        &["relay", "-v", "./s", "--buffer", "64K"],
    ] {
        let server = lsock(&scene, "022", &[args, &command].concat()).start_listening();
        scene.connect("./s").run().silent().output("closed\n");
        server.kill();
        let _ = fs::remove_file(scene.path("s"));
    }
    let server = scene.listen("./s").start_listening();
    lsock(&scene, "022", &[&["connect", "./s"][..], &command].concat()).run().silent();
    server.end().output("closed\n");
}

#[test]
fn hubs_and_relays_serve() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    let (_serving, target) = scene.echo("./t");
    let bytes = data(300_000);
    for args in [
        &["relay", "-v", "./s", &target][..],
        &["relay", "-v", "./s", &target, "--copy", "buffer"],
        &["relay", "-v", "./s", &target, "--pass-fds"],
    ] {
        let server = lsock(&scene, "022", args).start_listening();
        scene.wire("./s").expect_echo(&bytes);
        server.terminate();
    }
    lsock(&scene, "022", &["relay", "-", &target])
        .input(bytes.clone())
        .run()
        .silent()
        .output(bytes);
    let hub = lsock(&scene, "022", &["listen", "-v", "./s", "-k", "--merge"]).start_listening();
    scene.connect("./s").input("one\n").run().silent();
    hub.wait_for_output("one\n");
    hub.terminate();
}

#[test]
fn the_mode_is_set_in_spite_of_the_umask() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    let server = lsock(&scene, "077", &["listen", "-v", "./s", "--mode", "666"]).start();
    // Linux has a way without /proc since version 6.6.
    if kernel_is_at_least(6, 6) {
        server.wait_for_message("listening on ");
        let mode = fs::metadata(scene.path("s")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o666);
        server.kill();
    } else {
        server.end().fails(3).says("/proc is not mounted");
        scene.expect_empty();
    }
}

fn kernel_is_at_least(major: u32, minor: u32) -> bool {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(major), Some(minor))
}

/// The temporary name of the new file is too long for an address, and is reached through `/proc`.
#[test]
fn replacing_at_a_long_path_is_an_error_that_names_what_is_missing() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    let folder = scene.folder().to_str().unwrap();
    let folder = format!("{folder}/{}", "x".repeat(104 - folder.len()));
    fs::create_dir(&folder).unwrap();
    let path = format!("{folder}/s");
    let server = scene.listen(&path).start_listening();
    let other = lsock(&scene, "022", &["listen", &path, "--replace"]).run();
    other.fails(3).says(&path).says("/proc is not mounted");
    scene.connect(&path).run().ok();
    server.end().ok();
}
