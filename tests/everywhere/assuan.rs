//! `relay` to servers of GnuPG: a file with a port and a nonce is in place of their socket.

use crate::harness::{Host, Scene, Wire, assert_bytes, data, wait_until};
#[cfg(unix)]
use crate::harness::{NOBODY, is_root};
use local_socket::Name;
use std::{fs, thread};
#[cfg(unix)]
use std::{fs::Permissions, os::unix::fs::PermissionsExt};

const FILE: &str = "S.gpg-agent";
const TARGET: &str = "assuan:./S.gpg-agent";

/// A server with its socket file.
struct Server {
    host: Host,
    /// `tcp:127.0.0.1:PORT`
    name: String,
    nonce: [u8; 16],
}

impl Server {
    /// Starts to listen, and writes the file. The nonce begins with this byte.
    fn start(scene: &Scene, file: &str, first: u8) -> Self {
        let (host, name) = scene.host("tcp:127.0.0.1:0");
        // Bytes that are no text.
        let nonce: [u8; 16] = std::array::from_fn(|index| first.wrapping_add(17 * index as u8));
        let content = [port_of(&name).as_bytes(), b"\n", &nonce].concat();
        // Readers see the whole file or none. On Windows a file that is being read cannot be replaced.
        fs::write(scene.path("new"), content).unwrap();
        wait_until("the file is replaced", || {
            fs::rename(scene.path("new"), scene.path(file)).is_ok()
        });
        Self { host, name, nonce }
    }

    /// Accepts a client that sends the nonce first.
    fn accept(&self) -> Wire {
        let mut wire = self.host.accept();
        wire.expect(self.nonce);
        wire
    }
}

fn port_of(name: &str) -> &str {
    name.rsplit(':').next().unwrap()
}

#[test]
fn bytes_pass_in_both_directions_after_the_nonce() {
    let scene = Scene::new();
    let server = Server::start(&scene, FILE, b'\n');
    let (there, here) = (data(1_000_003), data(1_500_001));
    let relay = scene.relay(scene.word(), TARGET).start_listening();
    for (number, from_stdin) in (1..).zip([false, true]) {
        thread::scope(|scope| {
            let answer = scope.spawn(|| server.accept().exchange(&there));
            if from_stdin {
                let relay = scene.lsock(["relay", "-", TARGET]).input(here.clone());
                relay.run().silent().output(&there);
            } else {
                let received = scene.wire(scene.word()).exchange(&here);
                assert_bytes(&received, &there, || relay.report());
                // The nonce is not counted.
                relay.wait_for_message(&format!(
                    "connection {number}: 1500001 bytes to the target, 1000003 bytes back"
                ));
            }
            assert_bytes(&answer.join().unwrap(), &here, || relay.report());
        });
    }
}

#[test]
fn the_nonce_is_sent_before_the_client_sends_anything() {
    let scene = Scene::new();
    let server = Server::start(&scene, FILE, 0);
    let _relay = scene.relay(scene.word(), TARGET).start_listening();
    let mut client = scene.wire(scene.word());
    let mut wire = server.accept();
    wire.send("OK Pleased to meet you\n");
    client.expect("OK Pleased to meet you\n");
    client.send("BYE\n");
    wire.expect("BYE\n");
}

#[test]
fn a_server_that_is_started_again_has_a_new_port_and_nonce() {
    let scene = Scene::new();
    let relay = scene.relay(scene.word(), TARGET).start_listening();
    for round in 0..3 {
        let server = Server::start(&scene, FILE, round);
        for _ in 0..2 {
            let mut client = scene.wire(scene.word());
            server.accept().send("OK");
            client.expect("OK");
        }
        drop(server);
        assert_eq!(scene.wire(scene.word()).rest_whatever_happens(), b"");
        relay.wait_for_message(&format!(
            "warning: connection {}: cannot connect to {TARGET}: connection refused: the file is \
             stale, nobody listens on its port ",
            3 * round + 3
        ));
    }
}

#[test]
fn with_wait_clients_wait_for_the_file_and_for_its_server() {
    let scene = Scene::new();
    let relay = scene.relay(scene.word(), TARGET).args(["--wait", "-vv"]).start_listening();
    let states: [fn(&Scene); 3] = [
        |_| {},
        |scene| fs::write(scene.path(FILE), "").unwrap(),
        |scene| drop(Server::start(scene, FILE, 1)),
    ];
    for (number, prepare) in (1..).zip(states) {
        prepare(&scene);
        let mut client = scene.wire(scene.word());
        client.send("early");
        let tries = || relay.log().matches("trying again").count();
        let before = tries();
        wait_until("it tries again", || tries() > before);
        let server = Server::start(&scene, FILE, 2);
        let mut wire = server.accept();
        wire.send("OK");
        wire.expect("early");
        wire.send("late");
        client.expect("OKlate");
        drop((wire, client, server));
        relay.wait_for_message(&format!("connection {number}: 5 bytes to the target"));
        fs::remove_file(scene.path(FILE)).unwrap();
    }
    let relay = scene.lsock(["relay", "-", TARGET, "--wait=100ms"]).run().fails(4);
    relay.says("(gave up after 100ms, --wait)").says("hint: a longer --wait");
}

#[test]
fn what_is_wrong_with_the_file_is_said() {
    let scene = Scene::new();
    let run = || scene.lsock(["relay", "-", TARGET]).input("lost").run().fails(3).output("");
    let start = format!("lsock: cannot connect to {TARGET}: ");
    run().says(&start).says("hint: `gpgconf --launch gpg-agent` starts gpg-agent");
    for (content, text) in [
        (&b""[..], "the file is empty"),
        (b"a file\nof something else\n", "its first line is not a port number"),
        (b"70000\n0123456789abcdef", "the port 70000 in the file is out of range"),
        (b"80\n0123456", "the nonce in the file is cut short: it has 7 of 16 bytes"),
        (b"80\n0123456789abcdef\n", "the file continues after the 16 bytes of its nonce"),
        (b"!<socket >80 s 00000000-00000000-00000000-00000000\0", "a socket file of Cygwin"),
        (b"%Assuan%\nsocket=${LSOCK_NONE}/a\n", "the variable LSOCK_NONE, which is not set"),
        (&data(3_000_000), "its first line is not a port number"),
    ] {
        fs::write(scene.path(FILE), content).unwrap();
        run().says(&start).says(text);
    }
    drop(Server::start(&scene, FILE, 1));
    run().says(&start).says("the file is stale").says("hint: its server has ended");
    fs::remove_file(scene.path(FILE)).unwrap();
    fs::create_dir(scene.path(FILE)).unwrap();
    run().says(&start).says("it is a folder, not a socket file").says("hint: `gpgconf");
}

#[cfg(unix)]
#[test]
fn a_fifo_and_a_file_without_permission_are_named() {
    let scene = Scene::new();
    scene.command("mkfifo").arg("fifo").run().ok();
    let text = "cannot connect to assuan:./fifo: it is a fifo, not a socket";
    scene.lsock(["relay", "-", "assuan:./fifo"]).run().fails(3).says(text).does_not_say("hint");
    if !is_root() {
        return;
    }
    let lsock = scene.lsock_for_all();
    drop(Server::start(&scene, FILE, 1));
    fs::set_permissions(scene.path(FILE), Permissions::from_mode(0o600)).unwrap();
    let relay = scene.command(lsock).args(["relay", "-", TARGET]).user(NOBODY).run().fails(3);
    relay.says(&format!("cannot connect to {TARGET}: permission denied")).does_not_say("hint");
}

/// Such as another program that uses the port of a server that has ended.
#[test]
fn a_server_that_closes_without_a_greeting_has_refused_the_nonce() {
    let scene = Scene::new();
    let server = Server::start(&scene, FILE, 1);
    let port = port_of(&server.name);
    let text = format!(
        "cannot connect to {TARGET}: the server on port {port} closed the connection before it \
         sent anything"
    );
    for input in ["", "RESET\n"] {
        thread::scope(|scope| {
            scope.spawn(|| drop(server.accept()));
            let relay = scene.lsock(["relay", "-", TARGET, "--wait"]).input(input).run().fails(3);
            relay.says(&text).says("hint: it refuses a wrong nonce").output("");
        });
    }
    let relay = scene.relay(scene.word(), TARGET).start_listening();
    let mut client = scene.wire(scene.word());
    // The nonce is not read: the system resets the connection.
    drop(server.host.accept());
    assert_eq!(client.rest_whatever_happens(), b"");
    relay.wait_for_message(&format!("warning: connection 1: {text}"));
}

#[test]
fn a_server_that_does_not_answer_is_given_up_after_the_timeout() {
    let scene = Scene::new();
    let server = Server::start(&scene, FILE, 1);
    let relay = scene.lsock(["relay", "-", TARGET, "--timeout=300ms"]).input("lost").run();
    let text = format!("cannot connect to {TARGET}: no answer in time (gave up after 300ms");
    relay.fails(4).says(&text).output("");
    drop(server.accept());
}

#[test]
fn a_redirection_leads_to_another_file_or_to_a_local_socket() {
    let scene = Scene::new();
    let redirect = |file: &str, path: &str| {
        let content = format!("%Assuan%\nsocket={path}\n");
        fs::write(scene.path(file), content).unwrap();
    };
    let relay = || scene.lsock(["relay", "-", "assuan:./link"]).env("LSOCK_DIR", ".");

    redirect("link", "${LSOCK_DIR}/S.gpg-agent");
    let server = Server::start(&scene, FILE, 1);
    thread::scope(|scope| {
        scope.spawn(|| server.accept().send("OK"));
        relay().run().silent().output("OK");
    });
    drop(server);
    let text = "cannot connect to assuan:./link, which redirects to ./S.gpg-agent: connection";
    relay().run().fails(3).says(text);

    redirect(FILE, "./link");
    let text = "redirects to ./S.gpg-agent: it is a redirection as well, and only one is followed";
    relay().run().fails(3).says(text);

    let (name, path) = local_socket(&scene);
    redirect("link", &path);
    let (serving, _) = scene.echo(&name);
    relay().input("hello").run().silent().output("hello");
    // Its protocol need not begin with a greeting.
    relay().run().silent().output("");
    // On Unix the path can also be that of the socket itself.
    if cfg!(unix) {
        let target = format!("assuan:{path}");
        scene.lsock(["relay", "-", &target]).input("hello").run().silent().output("hello");
    }
    drop(serving);
}

#[test]
fn the_name_of_a_pipe_is_wrong_usage() {
    let scene = Scene::new();
    for pipe in ["//./pipe/app", r"\\.\pipe\app", r"\\.\PIPE\a\b", "//?/pipe/app"] {
        let target = format!("assuan:{pipe}");
        let outcome = scene.lsock(["relay", "-", &target]).run().fails(2).output("");
        outcome.says(&format!("`{target}`: it takes a file of GnuPG"));
    }
    let hint = "hint: `lsock relay - assuan:FILE`\n";
    scene.lsock(["npiperelay", "-a", "//./pipe/app"]).run().fails(2).says(hint);
}

#[test]
fn the_user_of_the_server_is_not_known() {
    let scene = Scene::new();
    let relay = scene.lsock(["relay", "-", TARGET, "--server-user", "me"]).run().fails(2);
    relay
        .says("--server-user goes with a local socket as the target\n")
        .says("hint: the file leads to a TCP port, of which the system reports no user");
}

/// Returns a name to listen on, and the path at which its socket is.
fn local_socket(scene: &Scene) -> (String, String) {
    if cfg!(windows) {
        (scene.word().to_owned(), Name::parse(scene.word()).unwrap().to_string())
    } else {
        ("./s".to_owned(), "./s".to_owned())
    }
}

#[test]
fn explain_names_the_file_and_does_not_read_it() {
    let scene = Scene::new();
    let explained = scene.lsock(["relay", "-", TARGET, "--explain", "--wait=3s"]).run().silent();
    explained.prints(&format!("connect to   {TARGET} (")).prints("wait for it  at most 3s");
}
