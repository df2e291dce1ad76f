//! What passes through a relay: from each kind of listener to each kind of target.

use crate::harness::{Cmd, Host, Scene, Serving, assert_bytes, data};
use std::{fs, os::fd::OwnedFd};

/// Around the limits of buffers and pipes, and more than sockets hold.
const SIZES: [usize; 8] = [0, 1, 4095, 4096, 65535, 65536, 65537, 3 << 20];

/// Names that can be listened on.
fn names(scene: &Scene, file: &str) -> Vec<String> {
    let mut names = vec![file.to_owned(), "tcp:127.0.0.1:0".to_owned()];
    if cfg!(target_os = "linux") {
        names.push(format!("@{}{}", scene.word(), file.replace('/', "-")));
    }
    names
}

/// Returns the arguments for each kind of target, with a server that echoes.
pub(super) fn echoing_targets(scene: &Scene) -> Vec<(Vec<String>, Option<Serving>)> {
    let served = names(scene, "./t").into_iter().map(|name| {
        let (serving, name) = scene.echo(&name);
        (vec![name], Some(serving))
    });
    let commands = [vec!["exec:cat"], vec!["--", "cat"]];
    let commands = commands.map(|args| (args.into_iter().map(str::to_owned).collect(), None));
    served.chain(commands).collect()
}

fn expect_transfers(scene: &Scene, listen: &str) {
    for (target, _serving) in echoing_targets(scene) {
        let relay = scene.lsock(["relay", "-v", listen]).args(&target).start_listening();
        let name = relay.listen_name();
        for size in SIZES {
            scene.wire(&name).expect_echo(data(size));
        }
    }
    for size in SIZES {
        let (sent, answer) = (data(size), data(size / 2 + 1));
        let relay = scene.relay(listen, "-").arg("--once").input(answer.clone()).start_listening();
        let received = scene.wire(&relay.listen_name()).exchange(&sent);
        assert_bytes(&received, &answer, || relay.report());
        relay.end().ok().output(sent);
    }
}

#[test]
fn bytes_pass_from_a_socket_file_to_each_target() {
    expect_transfers(&Scene::new(), "./s");
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_pass_from_an_abstract_name_to_each_target() {
    let scene = Scene::new();
    expect_transfers(&scene, &format!("@{}", scene.word()));
}

#[test]
fn bytes_pass_from_a_tcp_port_to_each_target() {
    expect_transfers(&Scene::new(), "tcp:127.0.0.1:0");
}

#[test]
fn bytes_pass_from_stdin_to_each_target() {
    let scene = Scene::new();
    for (target, _serving) in echoing_targets(&scene) {
        for size in SIZES {
            let bytes = data(size);
            let relay = scene.lsock(["relay", "-"]).args(&target).input(bytes.clone());
            relay.run().silent().output(&bytes);
        }
    }
}

/// Starts a relay with the listening socket as descriptor 3 and `./in` as its input.
fn relay_of_descriptor(scene: &Scene, listener: Host, args: &[&str]) -> Cmd {
    let shell = scene.shell(r#"exec 3<&0 0<in; exec "$0" relay -v fd:3 "$@""#);
    shell.args(args).stdin(OwnedFd::from(listener))
}

#[test]
fn bytes_pass_from_an_inherited_listening_socket_to_each_target() {
    let scene = Scene::new();
    fs::write(scene.path("in"), "of a file").unwrap();
    for name in names(&scene, "./s") {
        for (target, _serving) in echoing_targets(&scene) {
            let (listener, name) = scene.host(&name);
            let target: Vec<_> = target.iter().map(String::as_str).collect();
            let relay = relay_of_descriptor(&scene, listener, &target).start_listening();
            // The name of the socket follows in parentheses.
            relay.wait_for_message(&format!("{})\n", name.strip_prefix("./").unwrap_or(&name)));
            for size in SIZES {
                scene.wire(&name).expect_echo(data(size));
            }
            relay.kill();
            // The creator of the socket has to remove its file.
            let _ = fs::remove_file(scene.path("s"));
            let _ = fs::remove_file(scene.path("t"));
        }
        let (listener, name) = scene.host(&name);
        let relay = relay_of_descriptor(&scene, listener, &["-", "--once"]).start_listening();
        assert_eq!(scene.wire(&name).exchange(b"of a client"), b"of a file");
        relay.end().ok().output("of a client");
        let _ = fs::remove_file(scene.path("s"));
    }
}

#[test]
fn bytes_pass_with_each_copy_mode_and_buffer_size() {
    let scene = Scene::new();
    let modes: &[(&[&str], usize)] = &[
        (&["--copy", "buffer"], 3 << 20),
        (&["--copy", "splice"], 3 << 20),
        (&["--copy", "splice", "--buffer", "1000"], 300_000),
        (&["--buffer", "1"], 3000),
        (&["--buffer", "4095"], 500_000),
        (&["--buffer", "65537"], 3 << 20),
        (&["--buffer", "4M"], 9 << 20),
    ];
    for (args, most) in modes {
        if args.contains(&"splice") && !cfg!(target_os = "linux") {
            continue;
        }
        for (listen, target) in
            [("./s", "./t"), ("tcp:127.0.0.1:0", "./t"), ("./s", "tcp:127.0.0.1:0")]
        {
            let (_serving, target) = scene.echo(target);
            let relay = scene.relay(listen, &target).args(*args).start_listening();
            let name = relay.listen_name();
            for size in [0, 1, 3000, *most] {
                scene.wire(&name).expect_echo(data(size));
            }
            let _ = fs::remove_file(scene.path("t"));
        }
        let _relay = scene.relay("./s", "exec:cat").args(*args).start_listening();
        scene.wire("./s").expect_echo(data(*most));
    }
}
