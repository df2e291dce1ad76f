//! Who listens and who is connected, as the system's table has it.

use crate::harness::{NOBODY, Scene, has_mount_namespaces, has_network_namespaces, is_root};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
use std::{fs, os::fd::OwnedFd, process};

/// Binds a socket of a type to a file.
fn bound(scene: &Scene, name: &str, kind: SocketType) -> OwnedFd {
    let socket = socket(AddressFamily::UNIX, kind, None).unwrap();
    bind(&socket, &SocketAddrUnix::new(scene.path(name)).unwrap()).unwrap();
    socket
}

#[test]
fn the_server_its_backlog_and_its_clients_are_named() {
    for name in ["./s", "@"] {
        let scene = Scene::new();
        let name = if name == "@" { format!("@{}", scene.word()) } else { name.to_owned() };
        let server = scene.listen(&name).args(["-k", "--", "cat"]).start_listening();
        let client = scene.connect(&name).open_input().start();
        server.wait_for_message("connection 1 from");
        let outcome = scene.lsock(["name", &name]).run().silent();
        outcome.prints_all(&[
            &format!("server      pid {} (lsock), user ", server.pid()),
            "backlog     0/",
            "clients     1 connection\n",
            &format!("pid {} (lsock), user ", client.pid()),
        ]);
    }
}

#[test]
fn connections_that_wait_are_clients_and_only_so_many_are_listed() {
    let scene = Scene::new();
    let (host, name) = scene.host("./s");
    host.backlog(3);
    let _own = [scene.wire(&name), scene.wire(&name)];
    let other = scene.connect(&name).open_input().start();
    let outcome = || scene.lsock(["name", &name]).run().silent();
    crate::harness::wait_until("the client is connected", || {
        outcome().stdout_text().contains("clients     3 connections\n")
    });
    let own = format!("pid {} ", process::id());
    outcome().prints_all(&["backlog     3/3\n", &own, &format!("pid {} ", other.pid())]);
    outcome().prints(" (2 connections)\n").prints("backlog     3/3\n");
    let few = scene.lsock(["name", "--clients", "1", &name]).run().silent();
    few.prints("clients     3 connections\n").prints(" more\n");
    // The rest counts as the whole does.
    let of = |clients: &str| {
        let outcome = scene.lsock(["name", "--json", "--clients", clients, &name]).run().silent();
        let found: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap();
        let listed = found["listed_clients"].as_array().unwrap().clone();
        let listed = listed.iter().map(|client| client["connections"].as_u64().unwrap());
        (
            found["clients"].clone(),
            listed.sum::<u64>() + found["unlisted_clients"].as_u64().unwrap(),
        )
    };
    for clients in ["0", "1", "2", "10"] {
        assert_eq!(of(clients), (3.into(), 3), "{clients}");
    }
    let none = scene.lsock(["name", "--clients=0", &name]).run().silent();
    let text = none.prints("clients     3 connections\n").stdout_text().to_owned();
    assert!(!text.contains(" more\n"), "{text}");
    // Linux lets one more wait.
    let _last = scene.wire(&name);
    outcome().prints("backlog     4/3, full\n");
}

#[test]
fn sockets_of_other_types_and_those_that_do_not_listen_are_told_apart() {
    let scene = Scene::new();
    let packets = bound(&scene, "packets", SocketType::SEQPACKET);
    let _early = bound(&scene, "early", SocketType::STREAM);
    for (name, kind) in [("./packets", "seqpacket"), ("./early", "stream")] {
        let text = format!("a {kind} socket that does not listen; owner ");
        scene.lsock(["name", name]).run().code(3).prints(&text);
    }
    listen(&packets, 1).unwrap();
    let text = "there       a seqpacket socket; owner ";
    scene.lsock(["name", "--probe", "./packets"]).run().silent().prints(text);
}

/// A server for one client still has that client to come.
#[test]
fn nothing_is_connected_to() {
    let scene = Scene::new();
    let server = scene.listen("./s").input("there").start_listening();
    scene.lsock(["name", "./s", "./s"]).run().silent();
    scene.lsock(["name", "--json", "./s"]).run().silent();
    scene.lsock(["name", "-q", "./s"]).run().silent();
    scene.connect("./s").run().silent().output("there");
    server.end().ok();
}

#[test]
fn processes_of_other_users_are_not_seen() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.lsock_for_all();
    let (_host, name) = scene.host(scene.word());
    let outcome = scene.command(scene.path("lsock")).args(["name", &name]).user(NOBODY).run();
    outcome.silent().prints("server      a process that this user may not see; root has created");
}

#[test]
fn a_server_in_another_network_namespace_is_found() {
    let scene = Scene::new();
    if !is_root() || !has_network_namespaces() {
        return;
    }
    let start = |name: &str| {
        let server = scene.command("unshare").args(["--net", env!("CARGO_BIN_EXE_lsock")]);
        server.args(["listen", "-v", name, "-k", "--", "cat"]).start_listening()
    };
    // A file leads to its socket in every network namespace.
    let _server = start("./s");
    let outcome = scene.lsock(["name", "./s"]).run().silent();
    outcome.prints("./s: somebody listens\n").prints("a stream socket; owner ");
    let server = start(scene.word());
    let text = format!("in that of pid {} (lsock)", server.pid());
    scene.lsock(["name", scene.word()]).run().code(3).prints(&text);
}

#[test]
fn without_proc_the_socket_is_found_and_its_process_is_not() {
    if !has_mount_namespaces() {
        return;
    }
    let scene = Scene::new();
    let (_host, name) = scene.host("./s");
    let script = r#"mount -t tmpfs none /proc && exec "$0" name "$@""#;
    let unshare = scene.command("unshare").args(["--map-root-user", "--mount", "sh", "-c", script]);
    let outcome = unshare.args([env!("CARGO_BIN_EXE_lsock"), &name]).run().silent();
    outcome.prints("./s: somebody listens\n").prints("server      a process that this user");
}

/// Symbolic links, other paths and file systems lead to the same socket.
#[test]
fn a_file_is_found_by_its_other_paths() {
    let scene = Scene::new();
    let (_host, name) = scene.host("./s");
    fs::hard_link(scene.path("s"), scene.path("second")).unwrap();
    let absolute = scene.path("s").into_os_string().into_string().unwrap();
    for name in [&name, "./second", "../s", &absolute] {
        let name =
            if name == "../s" { format!("./../{}/s", base(&scene)) } else { name.to_owned() };
        let pid = format!("server      pid {} ", process::id());
        scene.lsock(["name", &name]).run().silent().prints(&pid);
    }
}

fn base(scene: &Scene) -> String {
    scene.folder().file_name().unwrap().to_str().unwrap().to_owned()
}
