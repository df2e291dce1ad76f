//! `--record`: what tshark(1) reads in a recording.

use crate::harness::{Scene, Wire, assert_bytes, data, has};
use std::{fs, os::unix::fs::PermissionsExt};

/// Runs tshark on the file `r`.
fn tshark(scene: &Scene, args: &[&str]) -> String {
    let tshark = scene.command("tshark").args(["-n", "-r", "r"]).args(args);
    // Files of settings of the user would be read.
    let outcome = tshark.env("HOME", scene.folder()).run().code(0);
    outcome.stdout_text().to_owned()
}

/// Returns the bytes that client and server have sent, as "follow stream" shows them.
fn follow(scene: &Scene, stream: usize) -> [Vec<u8>; 2] {
    let text = tshark(scene, &["-q", "-z", &format!("follow,tcp,raw,{stream}")]);
    let mut streams = [Vec::new(), Vec::new()];
    // The lines of the server are indented.
    let is_hex = |line: &str| line.bytes().all(|byte| byte.is_ascii_hexdigit());
    for line in text.lines().filter(|line| !line.is_empty() && is_hex(line.trim_start())) {
        let digits = line.trim_start();
        let bytes = (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap());
        streams[usize::from(line.starts_with('\t'))].extend(bytes);
    }
    streams
}

#[track_caller]
fn expect_streams(scene: &Scene, stream: usize, to_server: &[u8], to_client: &[u8]) {
    let [client, server] = follow(scene, stream);
    assert_bytes(&client, to_server, || "of the client".to_owned());
    assert_bytes(&server, to_client, || "of the server".to_owned());
}

/// Fails unless tshark finds nothing wrong in the packets: neither lost nor malformed ones, nor
/// ones out of order or with a wrong checksum.
#[track_caller]
fn expect_no_complaint(scene: &Scene) {
    let checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"];
    let text = tshark(scene, &[&checks[..], &["-q", "-z", "expert,warn"]].concat());
    // A reset is a warning of tshark.
    let is_summary = |line: &&str| line.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let complaints: Vec<&str> =
        text.lines().filter(is_summary).filter(|line| !line.contains("reset (RST)")).collect();
    assert!(complaints.is_empty(), "{text}");
    let filter = "_ws.malformed or tcp.analysis.flags or tcp.checksum.status == 0";
    assert_eq!(tshark(scene, &[&checks[..], &["-Y", filter]].concat()), "");
}

/// Returns the flags of each packet of a stream.
fn flags(scene: &Scene, stream: usize) -> Vec<String> {
    let filter = format!("tcp.stream == {stream} and tcp.len == 0");
    let text = tshark(scene, &["-Y", &filter, "-T", "fields", "-e", "tcp.flags.str"]);
    text.lines().map(|line| line.replace('·', "")).collect()
}

#[test]
fn streams_are_followed_byte_for_byte() {
    if !has("tshark") {
        return;
    }
    let scene = Scene::new();
    let sizes = [(0, 0), (1, 0), (0, 65_537), (32_768, 32_769), (3 << 20, 1 << 20)];
    let (there, here): (Vec<_>, Vec<_>) =
        sizes.iter().map(|(there, here)| (data(*there), data(*here))).unzip();
    let (host, target) = scene.host("./t");
    let answers = here.clone();
    let serving = host.serve_each(sizes.len(), {
        let mut answers = answers.into_iter();
        move |mut wire: Wire| drop(wire.exchange(&answers.next().unwrap()))
    });
    let relay = scene.relay("./s", &target).args(["--record", "r"]).start_listening();
    for (there, here) in there.iter().zip(&here) {
        assert_bytes(&scene.wire("./s").exchange(there), here, String::new);
    }
    serving.join().unwrap();
    relay.wait_for_message(&format!("connection {}: {}", sizes.len(), 3 << 20));
    drop(relay);
    assert_eq!(fs::metadata(scene.path("r")).unwrap().permissions().mode() & 0o777, 0o600);
    for (stream, (there, here)) in there.iter().zip(&here).enumerate() {
        expect_streams(&scene, stream, there, here);
    }
    expect_no_complaint(&scene);
}

#[test]
fn http_is_recognised_by_the_port() {
    if !has("tshark") {
        return;
    }
    let scene = Scene::new();
    let request = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let args = ["--record", "r", "--record-port", "80"];
    let server = scene.listen("./s").input(answer).start_listening();
    scene.connect("./s").args(args).input(request).run().ok().output(answer);
    server.end().ok().output(request);
    let fields = ["-T", "fields", "-e", "http.request.uri", "-e", "http.response.code"];
    let text = tshark(&scene, &[&["-Y", "http"], &fields[..]].concat());
    // The server does not wait for the request.
    let mut found: Vec<_> = text.split_whitespace().collect();
    found.sort_unstable();
    assert_eq!(found, ["/hello", "200"]);
    let text = tshark(&scene, &["-q", "-z", "http,tree"]);
    assert!(text.contains("200 OK"), "{text}");
    expect_no_complaint(&scene);
}

#[test]
fn comments_tell_name_and_processes_and_times_are_now() {
    if !has("tshark") {
        return;
    }
    let scene = Scene::new();
    let now = || {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.unwrap().as_secs_f64()
    };
    let before = now();
    let server = scene.listen("./s").args(["--record", "r"]).start_listening();
    let client = scene.connect("./s").input("x").start();
    let pid = client.pid();
    client.end().ok();
    server.end().ok();
    let after = now();
    let comment = tshark(&scene, &["-T", "fields", "-e", "frame.comment"]);
    let expected = format!("lsock connection 1: ./s; client pid {pid} (lsock), user ");
    assert!(comment.starts_with(&expected), "{comment}");
    let times = tshark(&scene, &["-T", "fields", "-e", "frame.time_epoch"]);
    let times: Vec<f64> = times.lines().map(|line| line.parse().unwrap()).collect();
    assert!(times.is_sorted() && before <= times[0] && *times.last().unwrap() <= after);
}

#[test]
fn ends_are_recorded_as_they_were() {
    if !has("tshark") {
        return;
    }
    let scene = Scene::new();
    let (host, target) = scene.host("./t");
    let relay = scene.relay("./s", &target).args(["--record", "r"]).start_listening();
    // The client ends first, the server answers then.
    let (mut client, mut server) = (scene.wire("./s"), host.accept());
    client.send("question");
    client.end();
    server.expect_rest("question");
    server.send("answer");
    server.end();
    client.expect_rest("answer");
    // No bytes at all: the server closes.
    let (mut client, server) = (scene.wire("./s"), host.accept());
    drop(server);
    client.expect_rest("");
    drop(client);
    // The server closes without having read everything.
    let (mut client, server) = (scene.wire("./s"), host.accept());
    client.send("unread");
    server.wait_for_bytes(6);
    drop(server);
    client.rest_whatever_happens();
    drop(client);
    relay.wait_for_message("warning: connection 3: ");
    drop(relay);
    let open = ["S", "AS", "A"];
    // FIN of the client, FIN of the server.
    let half_closed = [&open[..], &["A", "AF", "A", "A", "AF", "A"]].concat();
    assert_eq!(flags(&scene, 0), half_closed);
    expect_streams(&scene, 0, b"question", b"answer");
    assert_eq!(flags(&scene, 1), [&open[..], &["AF", "A", "AF", "A"]].concat());
    assert_eq!(flags(&scene, 2), [&open[..], &["A", "AR"]].concat());
    expect_streams(&scene, 2, b"unread", b"");
    let resets = "tcp.flags.reset == 1 and ip.src == 172.16.0.1";
    assert_eq!(tshark(&scene, &["-Y", resets]).lines().count(), 1);
    expect_no_complaint(&scene);
}

#[test]
fn a_process_that_is_killed_leaves_a_file_that_can_be_read() {
    if !has("tshark") {
        return;
    }
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let relay = scene.relay("./s", &target).args(["--record", "r"]).start_listening();
    let mut client = scene.wire("./s");
    client.send(data(100_000));
    client.expect(data(100_000));
    relay.kill();
    expect_streams(&scene, 0, &data(100_000), &data(100_000));
    expect_no_complaint(&scene);
}

#[test]
fn a_recording_that_does_not_fit_ends_with_a_whole_packet() {
    if !has("tshark") {
        return;
    }
    let scene = Scene::new();
    let (_echo, target) = scene.echo("./t");
    let args = ["relay", "-v", "--once", "--record", "r", "./s", &target];
    // In blocks of 512 bytes or 1024 bytes, as the shell has it.
    let relay = scene.limited("-f 200", args).start_listening();
    let bytes = data(1 << 20);
    scene.wire("./s").expect_echo(&bytes);
    relay.end().ok().says("cannot write to r: ");
    let [client, server] = follow(&scene, 0);
    assert!(bytes.starts_with(&client) && bytes.starts_with(&server));
    assert!(client.len() + server.len() > 30_000);
    expect_no_complaint(&scene);
}
