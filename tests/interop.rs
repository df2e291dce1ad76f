//! Other programs as peers: each as server and as client, both directions, half-close.

use crate::harness::{Cmd, Scene, data, has, wait_for_file};

const SIZE: usize = 3_000_001;

/// lsock listens: what each side has sent arrives at the other, and both end.
fn with_a_client(scene: &Scene, name: &str, client: Cmd) {
    let (there, here) = (data(SIZE), data(SIZE / 2));
    let server = scene.listen(name).input(there.clone()).start_listening();
    client.input(here.clone()).run().ok().output(there);
    server.end().ok().output(here);
}

/// lsock connects to a server that ends once both directions have.
fn with_a_server(scene: &Scene, name: &str, server: Cmd) {
    let (there, here) = (data(SIZE), data(SIZE / 2));
    let server = server.input(there.clone()).start();
    scene.connect(name).arg("--wait=40s").input(here.clone()).run().silent().output(there);
    server.end().ok().output(here);
}

/// The same with a server that is done when the client's direction has ended, whatever it
/// has left to send: the client has to wait for its end.
fn with_an_impatient_server(scene: &Scene, name: &str, server: Cmd) {
    let (there, here) = (data(SIZE), data(SIZE / 2));
    let server = server.input(there.clone()).start();
    let mut client = scene.connect(name).arg("--wait=40s").open_input().start();
    client.send(&here);
    client.wait_for_end_of_output(there);
    client.close_input();
    client.end().silent();
    server.end().ok().output(here);
}

/// The peer answers when it has seen the end of the request, and is slow about it.
const ANSWER: &str = "read line; cat >/dev/null; sleep 1; printf 'answer to %s' \"$line\"";

#[test]
fn socat_connects() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    // It would give up half a second after the first end of file (-t).
    let socat = |address: &str| scene.command("socat").args(["-t", "40", "-", address]);
    with_a_client(&scene, "./s", socat("UNIX-CONNECT:s"));
    with_a_client(&scene, "./s", socat("UNIX-CONNECT:s,shut-down"));
}

#[test]
fn socat_listens() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    with_a_server(
        &scene,
        "./s",
        scene.command("socat").args(["-t", "40", "-", "UNIX-LISTEN:s,unlink-early"]),
    );
}

#[test]
fn socat_answers_after_the_end_of_the_request() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    std::fs::write(scene.path("answer.sh"), ANSWER).unwrap();
    let server = scene.command("socat").args(["-t", "40", "UNIX-LISTEN:s", "EXEC:sh answer.sh"]);
    let server = server.start();
    let outcome = scene.connect("./s").arg("--wait=40s").input("me\nmore\n").run();
    outcome.silent().output("answer to me");
    server.end().ok();
}

#[cfg(target_os = "linux")]
#[test]
fn socat_and_abstract_names() {
    if !has("socat") {
        return;
    }
    let scene = Scene::new();
    let word = scene.word();
    for name in [word.to_owned(), format!("@{word}")] {
        let socat =
            |what: &str| scene.command("socat").args(["-t", "40", "-", &format!("{what}:{word}")]);
        with_a_client(&scene, &name, socat("ABSTRACT-CONNECT"));
        with_a_server(&scene, &name, socat("ABSTRACT-LISTEN"));
    }
}

#[test]
fn nc_connects() {
    if !has("nc") {
        return;
    }
    let scene = Scene::new();
    with_a_client(&scene, "./s", scene.command("nc").args(["-N", "-U", "s"]));
}

#[test]
fn nc_listens() {
    if !has("nc") {
        return;
    }
    let scene = Scene::new();
    with_an_impatient_server(&scene, "./s", scene.command("nc").args(["-N", "-l", "-U", "s"]));
}

/// Without -N it never tells the end of its input.
#[test]
fn nc_that_does_not_half_close() {
    if !has("nc") {
        return;
    }
    let scene = Scene::new();
    let server = scene.listen("./s").input("answer").start_listening();
    let client = scene.command("nc").args(["-U", "s"]).input("request").run();
    client.ok().output("answer");
    server.end().ok().output("request");
}

#[cfg(target_os = "linux")]
#[test]
fn nc_and_abstract_names() {
    if !has("nc") {
        return;
    }
    let scene = Scene::new();
    let name = format!("@{}", scene.word());
    with_a_client(&scene, &name, scene.command("nc").args(["-N", "-U", &name]));
    with_an_impatient_server(&scene, &name, scene.command("nc").args(["-N", "-l", "-U", &name]));
}

#[test]
fn ncat_connects() {
    if !has("ncat") {
        return;
    }
    let scene = Scene::new();
    with_a_client(&scene, "./s", scene.command("ncat").args(["-U", "s"]));
}

#[test]
fn ncat_listens() {
    if !has("ncat") {
        return;
    }
    let scene = Scene::new();
    with_an_impatient_server(&scene, "./s", scene.command("ncat").args(["-l", "-U", "s"]));
}

#[test]
fn ncat_runs_a_command() {
    if !has("ncat") {
        return;
    }
    let scene = Scene::new();
    // It deadlocks when more comes back than fits into its pipes.
    let bytes = data(40_000);
    let _server = scene.command("ncat").args(["-l", "-U", "s", "-k", "-e", "/bin/cat"]).start();
    wait_for_file(&scene.path("s"));
    for _ in 0..3 {
        // It is done when the client's direction has ended.
        let mut client = scene.connect("./s").arg("--wait=40s").open_input().start();
        client.send(&bytes);
        client.wait_for_output(&bytes);
        client.close_input();
        client.end().silent();
    }
}

#[test]
fn commands_of_lsock_serve_all_of_them() {
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
