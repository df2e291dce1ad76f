//! `--server-user`: nothing is sent to a server that runs as another user.

use crate::harness::{Scene, data};
use std::{io::Write as _, thread::JoinHandle};

/// A user that no test runs as.
const OTHER: &str = if cfg!(windows) { "sid:S-1-5-21-1-2-3-4004" } else { "uid:4004" };

/// The end of the reason for which a server is refused that does not run as `OTHER`.
const NOT_OTHER: &str =
    if cfg!(windows) { ", not to S-1-5-21-1-2-3-4004" } else { ", not as uid 4004" };

/// Listens, and accepts `count` clients, each of which must close without sending anything. Each is
/// sent a text.
fn expect_nothing(scene: &Scene, name: &str, count: usize) -> JoinHandle<()> {
    scene.host(name).0.serve_each(count, |mut wire| {
        // It fails if the client has closed already.
        let _ = wire.write_all(b"for the right client only");
        assert_eq!(wire.rest_whatever_happens(), b"");
    })
}

#[test]
fn a_server_of_this_user_is_me() {
    let scene = Scene::new();
    let bytes = data(300_000);
    let target = scene.other_word();
    let server = scene.host(&target).0.serve_each(2, {
        let bytes = bytes.clone();
        move |mut wire| {
            wire.expect_rest(&bytes);
            wire.send(&bytes);
        }
    });
    let me = ["--server-user", "me"];
    scene.connect(&target).args(me).input(bytes.clone()).run().silent().output(&bytes);
    let relay = scene.relay(scene.word(), &target).args(me).start_listening();
    assert_eq!(scene.wire(scene.word()).exchange(&bytes), bytes);
    server.join().unwrap();
    drop(relay);
}

#[test]
fn a_server_of_lsock_is_me() {
    let scene = Scene::new();
    let server = scene.listen(scene.word()).input("there").start_listening();
    let client = scene.connect(scene.word()).args(["--server-user", "me"]).input("here");
    client.run().silent().output("there");
    server.end().ok().output("here");
}

#[test]
fn nothing_is_sent_to_or_taken_from_a_server_of_another_user() {
    let scene = Scene::new();
    let server = expect_nothing(&scene, scene.word(), 4);
    let other = ["--server-user", OTHER];
    // A server that is there is not waited for.
    for args in [&[][..], &["--wait"], &["--wait=30s", "--connect-timeout", "30s"]] {
        let client = scene.connect(scene.word()).args(other).args(args).input("secret");
        let outcome = client.run().fails(3).output("").says(NOT_OTHER);
        outcome.says("cannot connect to ").says(scene.word());
    }
    // The command is not started.
    let client = scene.connect(scene.word()).args(other).args(["--", "hostname"]);
    client.run().fails(3).output("").says(NOT_OTHER);
    server.join().unwrap();
}

#[test]
fn a_relay_closes_the_clients_of_a_target_of_another_user() {
    let scene = Scene::new();
    let target = scene.other_word();
    let server = expect_nothing(&scene, &target, 4);
    let other = ["--server-user", OTHER];
    let relay = scene.relay(scene.word(), &target).args(other).start_listening();
    for number in 1..=2 {
        let mut client = scene.wire(scene.word());
        // It fails if the relay has closed already.
        let _ = client.write_all(b"secret");
        assert_eq!(client.rest_whatever_happens(), b"");
        relay.wait_for_message(&format!("warning: connection {number}: cannot connect to "));
    }
    assert!(relay.log().contains(NOT_OTHER), "{}", relay.log());
    drop(relay);
    let relay = scene.relay(scene.word(), &target).args(other).args(["--wait", "--once"]);
    let relay = relay.start_listening();
    assert_eq!(scene.wire(scene.word()).rest_whatever_happens(), b"");
    relay.end().code(3).says(NOT_OTHER);
    let relay = scene.lsock(["relay", "-", &target]).args(other).input("secret");
    relay.run().fails(3).output("").says(NOT_OTHER);
    server.join().unwrap();
}

#[test]
fn an_unknown_user_is_wrong_usage_before_anything_is_opened() {
    let scene = Scene::new();
    let other = scene.other_word();
    let foreign = if cfg!(windows) { "uid:0" } else { "sid:S-1-5-18" };
    for (user, reason) in [
        ("no-such-user-anywhere", "no-such-user-anywhere"),
        ("user:no-such-user-anywhere", "no-such-user-anywhere"),
        ("uid:x", "not a whole number"),
        ("group:users", "not as a group"),
        ("name:a", "it takes me, NAME, user:NAME, uid:N or sid:SID"),
        ("", "it takes me, "),
        (foreign, "is not available"),
    ] {
        for command in [&["connect", &other][..], &["relay", scene.word(), &other]] {
            let outcome = scene.lsock(command).args(["--server-user", user]).run();
            outcome.fails(2).output("").says(reason);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_number_is_written_as_a_uid() {
    let scene = Scene::new();
    for args in [["connect", "./s", "--server-user", "0"], ["listen", "./s", "--allow", "user:0"]] {
        let outcome = scene.lsock(args).run().fails(2).says("there is no user `0`\n");
        outcome.says("hint: write uid:0 for the user with this number\n");
    }
    scene.expect_empty();
}

#[test]
fn only_local_sockets_have_a_user() {
    let scene = Scene::new();
    for target in [&["tcp:127.0.0.1:1"][..], &["exec:hostname"], &["-"], &["--", "hostname"]] {
        let relay = scene.lsock(["relay", scene.word(), "--server-user", "me"]).args(target);
        let reason = "--server-user goes with a local socket as the target";
        relay.run().fails(2).output("").says(reason);
    }
}

#[test]
fn the_plan_names_the_user() {
    let scene = Scene::new();
    let target = scene.other_word();
    let expected = format!(
        "\nits user     {}\n",
        if cfg!(windows) { "S-1-5-21-1-2-3-4004" } else { "uid 4004" }
    );
    for command in [&["connect", &target][..], &["relay", scene.word(), &target]] {
        let plan = scene.lsock(command).args(["--server-user", OTHER, "--explain"]).run();
        plan.ok().prints(&expected);
    }
}

#[cfg(windows)]
#[test]
fn a_pipe_belongs_to_an_account() {
    use local_socket::os::windows::{Account, Sid};
    let scene = Scene::new();
    let me = Account::of(Sid::current_user().unwrap()).unwrap();
    let server = scene.host(scene.word()).0.serve_each(4, |mut wire| wire.send("there"));
    for user in
        [me.name().to_owned(), me.to_string(), format!("user:{me}"), format!("sid:{}", me.sid())]
    {
        let client = scene.connect(scene.word()).args(["--server-user", &user]);
        client.run().silent().output("there");
    }
    server.join().unwrap();
    let server = expect_nothing(&scene, scene.word(), 1);
    let system = Account::of("S-1-5-18".parse().unwrap()).unwrap();
    let client = scene.connect(scene.word()).args(["--server-user", system.name()]);
    client.run().fails(3).says(&format!("the pipe belongs to {me}, not to {system}"));
    server.join().unwrap();
}

#[cfg(unix)]
mod unix {
    use super::*;
    use crate::harness::{NOBODY, is_root};

    /// Returns a scene with a server of user nobody under the name `./s`, and under an abstract one.
    /// Only root can start it; for other users it is `None`.
    fn scene_with_server_of_nobody() -> Option<(Scene, Vec<crate::harness::Running>)> {
        use std::{fs, os::unix::fs::PermissionsExt};
        if !is_root() {
            return None;
        }
        let scene = Scene::new();
        let lsock = scene.lsock_for_all();
        fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o777)).unwrap();
        let names = ["./s", scene.word()];
        let names = names.iter().filter(|name| cfg!(target_os = "linux") || name.starts_with('.'));
        let start = |name: &&str| {
            let server = scene.command(&lsock).args(["listen", "-v", name]).user(NOBODY);
            let mode: &[&str] = if name.starts_with('.') { &["--mode", "666"] } else { &[] };
            server.args(mode).args(["-k", "--allow", "any", "--", "cat"]).start_listening()
        };
        let servers = names.map(start).collect();
        Some((scene, servers))
    }

    #[test]
    fn a_server_of_a_named_user_is_found_by_name_and_number() {
        let Some((scene, servers)) = scene_with_server_of_nobody() else { return };
        for server in &servers {
            let name = server.listen_name();
            for user in ["nobody", "user:nobody", "uid:65534"] {
                let client = scene.connect(&name).args(["--server-user", user]).input("hello");
                client.run().silent().output("hello");
            }
        }
    }

    #[test]
    fn a_server_of_another_user_is_named() {
        let Some((scene, servers)) = scene_with_server_of_nobody() else { return };
        for server in &servers {
            let name = server.listen_name();
            for user in ["me", "root", "uid:0"] {
                let client = scene.connect(&name).args(["--server-user", user]).input("secret");
                let reason = format!(
                    "lsock: cannot connect to {name}: its server runs as nobody (uid {NOBODY}), \
                     not as root (uid 0)\n"
                );
                client.run().fails(3).output("").says(&reason);
            }
            let relay = scene.lsock(["relay", "-", &name, "--server-user", "me"]).input("secret");
            relay.run().fails(3).output("").says("runs as nobody (uid 65534), not as root (uid 0)");
        }
    }

    /// Root is no exception: it has to be named.
    #[test]
    fn a_server_of_root_is_not_me() {
        let Some((scene, _servers)) = scene_with_server_of_nobody() else { return };
        let args = ["-k", "--mode", "666", "--allow", "any", "--", "cat"];
        let _server = scene.listen("./root").args(args).start_listening();
        let client = || scene.command(scene.path("lsock")).args(["connect", "./root"]).user(NOBODY);
        client()
            .args(["--server-user", "me"])
            .run()
            .fails(3)
            .says("its server runs as root (uid 0)");
        client().args(["--server-user", "root"]).input("hello").run().silent().output("hello");
    }

    /// The user is the one that has called listen(2), also if the process has another one now.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_user_of_an_inherited_socket_is_the_one_that_has_listened() {
        use crate::harness::has;
        if !is_root() || !has("setpriv") || !has("systemd-socket-activate") {
            return;
        }
        let scene = Scene::new();
        scene.lsock_for_all();
        let socket = scene.path("s").display().to_string();
        let manager = scene.command("systemd-socket-activate").args(["-l", &socket, "setpriv"]);
        let args = ["--reuid=65534", "--clear-groups", "./lsock", "relay", "fd:3", "exec:cat"];
        let _manager = manager.args(args).arg("--allow=any").start();
        let user = |user| ["--wait", "--server-user", user];
        scene.connect("./s").args(user("nobody")).input("x").run().fails(3).says("runs as root");
        scene.connect("./s").args(user("root")).input("hello").run().silent().output("hello");
    }
}
