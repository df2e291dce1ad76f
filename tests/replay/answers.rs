//! The recorded client is played; the answers of a server are compared.

use super::{Exchange, exchange, fresh_word, record, replay, serve, short};
use crate::harness::{Outcome, Scene, Wire};
use std::{
    thread,
    time::{Duration, Instant},
};

#[test]
fn the_same_answers_are_silent() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    let (serving, name) = serve(&scene, 3, short());
    replay(&scene, &name).run().silent().output("");
    replay(&scene, &name).arg("--fast").run().silent();
    let same = "replayed: 11 bytes sent, 15 bytes received, the same as in r";
    replay(&scene, &name).arg("-v").run().ok().says(same);
    serving.join().unwrap();
}

#[test]
fn the_first_other_byte_is_shown_with_both_sides() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    let changed = vec![exchange("PING\n", "+PONG\n"), exchange("GET a\n", "$5 Hello\n")];
    let (_serving, name) = serve(&scene, 1, changed);
    let shown = "  offset   recorded                           received\n\
                 \x20 00000000 2b 50 4f 4e 47 0a 24 35 |+PONG.$5| 2b 50 4f 4e 47 0a 24 35 |+PONG.$5|\n\
                 > 00000008 20 68 65 6c 6c 6f 0a    | hello.|  20 48 65 6c 6c 6f 0a    | Hello.|\n";
    let text = format!("{name}: the server sends other bytes than in r from offset 9\n");
    replay(&scene, &name).run().fails(1).output(shown).says(&text);
}

#[cfg(target_os = "linux")]
#[test]
fn a_difference_is_said_even_if_it_cannot_be_shown() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    let changed = vec![exchange("PING\n", "+PONG\n"), exchange("GET a\n", "$5 Hello\n")];
    let (_serving, name) = serve(&scene, 1, changed);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let outcome = replay(&scene, &name).stdout(full).run().code(1);
    let text = format!("{name}: the server sends other bytes than in r from offset 9\n");
    outcome.says("error: cannot write to standard output: ").says(&text);
}

/// Replays against a server that does this. Returns the name and the outcome.
fn against(
    conversation: Vec<Exchange>,
    serve: impl Fn(Wire) + Send + Sync + 'static,
    args: &[&str],
) -> (String, Outcome) {
    let scene = Scene::new();
    record(&scene, &[conversation]);
    let (host, name) = scene.host(&fresh_word(&scene));
    let serving = host.serve_each(1, serve);
    let outcome = replay(&scene, &name).args(args).run();
    serving.join().unwrap();
    (name, outcome)
}

#[test]
fn an_answer_that_ends_too_early_is_a_difference() {
    let ends = |mut wire: Wire| {
        wire.expect("PING\n");
        wire.send("+PO");
    };
    let (name, outcome) = against(short(), ends, &[]);
    let text = format!("{name}: the server has ended after 3 of the 15 bytes that it sends in r");
    outcome
        .fails(1)
        .says(&text)
        .prints("2b 50 4f 4e 47 0a       |+PONG.|   2b 50 4f                |+PO|\n");
}

#[test]
fn an_answer_that_is_too_long_is_a_difference() {
    let sends_more = |mut wire: Wire| {
        wire.expect("PING\n");
        wire.send("+PONG\n");
        wire.expect("GET a\n");
        wire.send("$5 hello\nmore");
        wire.expect_rest("");
    };
    let (name, outcome) = against(short(), sends_more, &[]);
    let text = format!("{name}: the server sends more than the 15 bytes that it sends in r");
    outcome.fails(1).says(&text).prints("| hello.m|\n").prints("|ore|\n");
}

#[test]
fn an_answer_that_does_not_come_is_waited_for_as_long_as_allowed() {
    let says_nothing = |mut wire: Wire| {
        wire.expect("PING\n");
        wire.expect_rest("");
    };
    let (name, outcome) = against(short(), says_nothing, &["--answer-timeout", "100ms"]);
    let text = format!(
        "{name}: the server has sent 0 of 15 bytes and then nothing for 100ms longer than \
         in r\nhint: a longer --answer-timeout gives it more time\n"
    );
    outcome.fails(4).says(&text).output("");
}

#[cfg(unix)]
#[test]
fn a_server_that_does_not_read_all_is_a_difference() {
    use crate::harness::data;
    let question = data(1 << 20);
    let closes = |mut wire: Wire| wire.expect(&data(1 << 20)[..1000]);
    let (name, outcome) = against(vec![exchange(&question, "")], closes, &[]);
    let text = format!("{name}: the server has closed after ");
    outcome.fails(1).says(&text).says(" of the 1048576 bytes that it gets in r: ");
}

#[cfg(unix)]
#[test]
fn a_server_that_reads_nothing_more_is_not_waited_for_for_ever() {
    use crate::harness::data;
    let scene = Scene::new();
    record(&scene, &[vec![exchange(data(4 << 20), "")]]);
    let (host, name) = scene.host(&fresh_word(&scene));
    let running = replay(&scene, &name).args(["--answer-timeout", "100ms"]).start();
    let wire = host.accept();
    let text = " of 4194304 bytes and then nothing for 100ms longer than in r";
    running.end().fails(4).says("the server has taken ").says(text);
    drop(wire);
}

// Unix: silence cannot be waited for on a pipe.
#[cfg(unix)]
#[test]
fn questions_wait_for_the_recorded_answers() {
    let scene = Scene::new();
    record(&scene, &[short()]);
    let (host, name) = scene.host(&fresh_word(&scene));
    let running = replay(&scene, &name).arg("--fast").start();
    let mut wire = host.accept();
    wire.expect("PING\n");
    wire.send("+PON");
    assert!(wire.is_silent());
    wire.send("G\n");
    wire.expect("GET a\n");
    wire.send("$5 hello\n");
    wire.expect_rest("");
    drop(wire);
    running.end().silent();
}

#[test]
fn an_answer_after_the_end_of_the_questions_is_waited_for() {
    let scene = Scene::new();
    let (host, target) = scene.host(&fresh_word(&scene));
    let relay = scene.relay(scene.word(), &target).args(["--record", "r"]).start_listening();
    let (mut client, mut server) = (scene.wire(scene.word()), host.accept());
    client.send("question");
    client.end();
    server.expect_rest("question");
    server.send("answer");
    drop(server);
    client.expect_rest("answer");
    super::end(relay, 1, host);
    let (host, name) = scene.host(&fresh_word(&scene));
    let serving = host.serve_each(2, |mut wire: Wire| {
        wire.expect_rest("question");
        wire.send("answer");
    });
    replay(&scene, &name).run().silent();
    replay(&scene, &name).run().silent();
    serving.join().unwrap();
}

#[test]
fn the_pauses_of_the_client_are_kept() {
    const PAUSE: Duration = Duration::from_millis(400);
    let scene = Scene::new();
    let (host, target) = scene.host(&fresh_word(&scene));
    let relay = scene.relay(scene.word(), &target).args(["--record", "r"]).start_listening();
    let (mut client, mut server) = (scene.wire(scene.word()), host.accept());
    client.send("one");
    server.expect("one");
    thread::sleep(PAUSE);
    client.send("two");
    client.end();
    server.expect_rest("two");
    drop(server);
    client.expect_rest("");
    super::end(relay, 1, host);
    for (args, pause) in [(&[][..], PAUSE), (&["--speed", "2"], PAUSE / 2)] {
        let (host, name) = scene.host(&fresh_word(&scene));
        let running = replay(&scene, &name).args(args).start();
        let mut wire = host.accept();
        wire.expect("one");
        let start = Instant::now();
        wire.expect("two");
        // The first bytes may have been delivered late.
        assert!(start.elapsed() > pause.mul_f64(0.8), "{args:?}: {:?}", start.elapsed());
        wire.expect_rest("");
        drop(wire);
        running.end().silent();
    }
}

#[test]
fn one_of_several_connections_is_picked() {
    let scene = Scene::new();
    record(&scene, &[short(), vec![exchange("second", "answer")], vec![]]);
    let outcome = replay(&scene, &fresh_word(&scene)).run().code(2);
    let outcome = outcome.says("lsock: r has 3 connections\nhint: --connection N picks one\n");
    let lines: Vec<Vec<&str>> =
        outcome.stdout_text().lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NUMBER", "TO-SERVER", "TO-CLIENT", "CONNECTION"]);
    for (line, start) in
        lines[1..].iter().zip([["1", "11", "15"], ["2", "6", "6"], ["3", "0", "0"]])
    {
        assert_eq!(line[..3], start);
        assert!(line[3].ends_with(scene.word()), "{line:?}");
    }
    let other = replay(&scene, &fresh_word(&scene)).args(["--connection", "4"]).run().code(2);
    other.says("r has no connection 4, but 3 connections").prints("11");
    let (_serving, name) = serve(&scene, 1, vec![exchange("second", "answer")]);
    replay(&scene, &name).args(["--connection", "2"]).run().silent();
}

#[test]
fn what_follows_the_end_of_a_broken_recording_is_not_compared() {
    let scene = Scene::new();
    let (host, target) = scene.host(&fresh_word(&scene));
    let relay = scene.relay(scene.word(), &target).args(["--record", "r"]).start_listening();
    let (mut client, mut server) = (scene.wire(scene.word()), host.accept());
    client.send("question");
    server.expect("question");
    server.send("answer");
    client.expect("answer");
    relay.kill();
    drop((client, server, host));
    let (host, name) = scene.host(&fresh_word(&scene));
    let running = replay(&scene, &name).start();
    let mut wire = host.accept();
    wire.expect("question");
    wire.send("answer and more");
    running.end().ok().says("the end of connection 1 is not in r: what follows is not compared");
    // In the middle of the last packet, which has the answer.
    let bytes = std::fs::read(scene.path("r")).unwrap();
    let answer = bytes.windows(6).rposition(|window| window == b"answer").unwrap();
    std::fs::write(scene.path("r"), &bytes[..answer + 3]).unwrap();
    let running = replay(&scene, &name).start();
    let mut wire = host.accept();
    wire.expect("question");
    running.end().ok().says("r ends in the middle of a packet");
}

#[cfg(unix)]
#[test]
fn a_connection_that_the_recorder_has_ended_is_ended_by_the_client() {
    use crate::harness::signal;
    use rustix::process::Signal;
    let scene = Scene::new();
    let (host, target) = scene.host(&fresh_word(&scene));
    let args = ["--record", "r", "--grace", "0s"];
    let relay = scene.relay(scene.word(), &target).args(args).start_listening();
    let (mut client, mut server) = (scene.wire(scene.word()), host.accept());
    client.send("question");
    server.expect("question");
    server.send("answer");
    client.expect("answer");
    signal(&relay, Signal::TERM);
    relay.end().died_of(Signal::TERM);
    drop((client, server, host));
    let (_serving, name) = serve(&scene, 1, vec![exchange("question", "answer")]);
    replay(&scene, &name).run().silent();
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_replay_at_once() {
    use crate::harness::signal;
    use rustix::process::Signal;
    let scene = Scene::new();
    record(&scene, &[short()]);
    let (host, name) = scene.host(&fresh_word(&scene));
    let running = replay(&scene, &name).start();
    let mut wire = host.accept();
    wire.expect("PING\n");
    signal(&running, Signal::INT);
    running.end().died_of(Signal::INT);
}
