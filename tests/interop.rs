//! Other programs as peers: each as server and as client, both directions, half-close.

use crate::harness::{Cmd, Scene, data, has, wait_for_file};

const SIZE: usize = 3_000_001;

/// lsock listens: each side gets what the other has sent, and both end.
fn expect_client(scene: &Scene, name: &str, client: Cmd) {
    let (there, here) = (data(SIZE), data(SIZE / 2));
    let server = scene.listen(name).input(there.clone()).start_listening();
    client.input(here.clone()).run().ok().output(there);
    server.end().ok().output(here);
}

/// lsock connects to a server that ends when both directions have ended.
fn expect_server(scene: &Scene, name: &str, server: Cmd) {
    let (there, here) = (data(SIZE), data(SIZE / 2));
    let server = server.input(there.clone()).start();
    scene.connect(name).arg("--wait=40s").input(here.clone()).run().silent().output(there);
    server.end().ok().output(here);
}

/// lsock connects to a server that ends when the client's direction has ended, even with bytes
/// left to send: the client waits for the end of the server first.
fn expect_impatient_server(scene: &Scene, name: &str, server: Cmd) {
    let (there, here) = (data(SIZE), data(SIZE / 2));
    let server = server.input(there.clone()).start();
    let mut client = scene.connect(name).arg("--wait=40s").open_input().start();
    client.send(&here);
    client.wait_for_end_of_output(there);
    client.close_input();
    client.end().silent();
    server.end().ok().output(here);
}

/// socat ends 40 seconds after the first end of file (-t), instead of half a second.
fn socat(scene: &Scene, address: &str) -> Cmd {
    scene.command("socat").args(["-t", "40", "-", address])
}

#[test]
fn socat_exchanges_bytes_as_client_and_as_server() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    expect_client(&scene, "./s", socat(&scene, "UNIX-CONNECT:s"));
    expect_client(&scene, "./s", socat(&scene, "UNIX-CONNECT:s,shut-down"));
    expect_server(&scene, "./s", socat(&scene, "UNIX-LISTEN:s,unlink-early"));
}

#[test]
fn an_answer_of_socat_after_the_end_of_the_request_is_delivered() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let script = "read line; cat >/dev/null; sleep 1; printf 'answer to %s' \"$line\"";
    std::fs::write(scene.path("answer.sh"), script).unwrap();
    let server = scene.command("socat").args(["-t", "40", "UNIX-LISTEN:s", "EXEC:sh answer.sh"]);
    let server = server.start();
    let outcome = scene.connect("./s").arg("--wait=40s").input("me\nmore\n").run();
    outcome.silent().output("answer to me");
    server.end().ok();
}

#[cfg(target_os = "linux")]
#[test]
fn socat_exchanges_bytes_by_abstract_names() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let word = scene.word();
    for name in [word.to_owned(), format!("@{word}")] {
        expect_client(&scene, &name, socat(&scene, &format!("ABSTRACT-CONNECT:{word}")));
        expect_server(&scene, &name, socat(&scene, &format!("ABSTRACT-LISTEN:{word}")));
    }
}

#[test]
fn nc_exchanges_bytes_as_client_and_as_server() {
    if !has("nc") {
        return;
    }
    let scene = Scene::new();
    let nc = |args: &[&str]| scene.command("nc").arg("-N").args(args);
    expect_client(&scene, "./s", nc(&["-U", "s"]));
    expect_impatient_server(&scene, "./s", nc(&["-l", "-U", "s"]));
    if cfg!(target_os = "linux") {
        let name = format!("@{}", scene.word());
        expect_client(&scene, &name, nc(&["-U", &name]));
        expect_impatient_server(&scene, &name, nc(&["-l", "-U", &name]));
    }
}

#[test]
fn nc_without_half_close_exchanges_bytes() {
    if !has("nc") {
        return;
    }
    let scene = Scene::new();
    let server = scene.listen("./s").input("answer").start_listening();
    let client = scene.command("nc").args(["-U", "s"]).input("request").run();
    client.ok().output("answer");
    server.end().ok().output("request");
}

#[test]
fn ncat_exchanges_bytes_as_client_and_as_server() {
    if !has("ncat") {
        return;
    }
    let scene = Scene::new();
    let ncat = |args: &[&str]| scene.command("ncat").args(args);
    expect_client(&scene, "./s", ncat(&["-U", "s"]));
    expect_impatient_server(&scene, "./s", ncat(&["-l", "-U", "s"]));
}

#[test]
fn a_command_of_ncat_echoes() {
    if !has("ncat") {
        return;
    }
    let scene = Scene::new();
    // ncat deadlocks if more comes back than its pipes hold.
    let bytes = data(40_000);
    let _server = scene.command("ncat").args(["-l", "-U", "s", "-k", "-e", "/bin/cat"]).start();
    wait_for_file(&scene.path("s"));
    for _ in 0..3 {
        // ncat ends the connection when the client's direction has ended.
        let mut client = scene.connect("./s").arg("--wait=40s").open_input().start();
        client.send(&bytes);
        client.wait_for_output(&bytes);
        client.close_input();
        client.end().silent();
    }
}

#[test]
fn a_command_of_lsock_echoes_to_each_program() {
    let scene = Scene::new();
    let bytes = data(SIZE);
    let _server = scene.listen("./s").args(["-k", "--", "cat"]).start_listening();
    let clients = [
        ("socat", &["-t", "40", "-", "UNIX-CONNECT:s"][..]),
        ("nc", &["-N", "-U", "s"]),
        ("ncat", &["-U", "s"]),
    ];
    for (program, args) in clients {
        if has(program) {
            scene.command(program).args(args).input(bytes.clone()).run().ok().output(&bytes);
        }
    }
}
