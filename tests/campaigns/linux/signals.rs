//! Sends SIGTERM, SIGINT, SIGHUP and SIGQUIT to servers and clients at random moments.
//!
//! It proves that a process
//! - ends by the signal, within the grace time and a bound, at each moment of its life and with
//!   any behaviour of its clients;
//! - removes its name, and leaves no other file and no process;
//! - completes connections that end within the grace time;
//! - ends at once with a second signal;
//! - does not panic.

use super::{
    process::{
        Sweep, check_in_time, check_left_over, lsock, processes_in, serve, signal_of, terminate,
    },
    random::Random,
    report::Figures,
};
use crate::harness::{Running, Scene, Wire, becomes, data, signal};
use rustix::process::Signal;
use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

const SIGNALS: [Signal; 4] = [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT];

/// The longest end after the grace time, with room for a slow machine under load.
const BOUND: Duration = Duration::from_secs(5);

/// Command lines of servers; `TARGET` is a server that echoes.
const SERVERS: [&[&str]; 9] = [
    &["listen", "./a"],
    &["listen", "./a", "--", "cat"],
    &["listen", "./a", "-k"],
    &["listen", "./a", "-k", "--", "cat"],
    &["listen", "./a", "-k", "--merge", "--broadcast"],
    &["relay", "./a", "TARGET"],
    &["relay", "./a", "TARGET", "--once"],
    &["relay", "./a", "--", "cat"],
    &["relay", "tcp:127.0.0.1:0", "TARGET"],
];

/// The servers that echo, to any number of clients.
const ECHOES: [usize; 3] = [3, 5, 7];

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let scene = Scene::new();
    let _sweep = Sweep(&scene);
    let target = format!("@{}", scene.word());
    let echo = serve(&scene, &["listen", &target, "-k", "--", "cat"]);
    for _ in 0..10 {
        match random.below(8) {
            0..=4 => any_moment(&scene, &target, random, figures),
            5 | 6 => with_clients(&scene, &target, random, figures),
            _ => whole(&scene, &target, random, figures),
        }
        let left = scene.files();
        assert!(left.is_empty(), "left over files: {left:?}");
    }
    terminate(echo);
    check_left_over(&scene, &[]);
}

/// Returns a server's command line with `TARGET` and the grace time filled in.
fn command<'a>(args: &[&'a str], target: &'a str, grace: &'a str) -> Vec<&'a str> {
    let mut args: Vec<_> =
        args.iter().map(|arg| if *arg == "TARGET" { target } else { *arg }).collect();
    let end = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
    args.splice(end..end, ["--grace", grace]);
    args
}

/// Waits until a process has ended after a signal, and checks the time.
#[track_caller]
fn check_ends(running: &mut Running, start: Instant, limit: Duration) -> u64 {
    let has_ended = becomes(|| !running.is_running());
    let log = running.log();
    assert!(has_ended, "a signal has not ended the process\n{log}");
    check_in_time(&log, start, limit).as_millis() as u64
}

/// Fails unless one of the signals ended the process.
#[track_caller]
fn check_signal(running: Running, signals: &[Signal]) {
    let outcome = running.end().does_not_say("panicked");
    let is_right = signal_of(outcome.status).is_some_and(|signal| signals.contains(&signal));
    assert!(is_right, "not ended by {signals:?}\n{}", outcome.report());
}

/// Sends one or two signals at any time from the start of the process.
fn any_moment(scene: &Scene, target: &str, random: &mut Random, figures: &mut Figures) {
    let which = random.below(SERVERS.len() + 1);
    let args = SERVERS.get(which).map(|args| command(args, target, "100ms"));
    let args = args.unwrap_or_else(|| vec!["connect", target]);
    let mut running = lsock(scene, &args).open_input().start();
    thread::sleep(random.pause(17));
    let start = Instant::now();
    let mut sent = vec![random.pick(&SIGNALS)];
    signal(&running, sent[0]);
    if random.one_in(3) {
        thread::sleep(random.pause(12));
        sent.push(random.pick(&SIGNALS));
        // The process is not waited for yet, so its ID is not reused.
        signal(&running, sent[1]);
    }
    let elapsed = check_ends(&mut running, start, Duration::from_millis(100) + BOUND);
    check_signal(running, &sent);
    figures.add("signals at any moment", 1);
    figures.maximum("longest end without clients, ms", elapsed);
}

/// Sends a signal while clients are idle, have sent something, or do not read.
fn with_clients(scene: &Scene, target: &str, random: &mut Random, figures: &mut Figures) {
    // The last server listens on TCP.
    let which = random.below(SERVERS.len() - 1);
    let grace = random.pick(&[0_u64, 50, 300]);
    let is_second = random.one_in(3);
    let text = if is_second { "60s".to_owned() } else { format!("{grace}ms") };
    let args = command(SERVERS[which], target, &text);
    let mut server =
        lsock(scene, &[&["-v"], args.as_slice()].concat()).open_input().start_listening();
    let count = if args.contains(&"-k") || which == 5 || which == 7 { random.below(5) } else { 1 };
    let mut clients: Vec<_> = (0..count).map(|_| client(scene, random)).collect();
    if random.one_in(2) {
        thread::sleep(random.pause(14));
    }
    let start = Instant::now();
    let mut sent = vec![random.pick(&SIGNALS)];
    signal(&server, sent[0]);
    let mut limit = Duration::from_millis(grace) + BOUND;
    if is_second {
        // Two equal pending signals are delivered as one.
        let others: Vec<_> = SIGNALS.into_iter().filter(|other| *other != sent[0]).collect();
        sent.push(random.pick(&others));
        signal(&server, sent[1]);
        limit = BOUND;
    }
    let elapsed = check_ends(&mut server, start, limit);
    figures.add("signals with clients", 1);
    figures.maximum("longest end with clients, ms", elapsed);
    // A command outlives a second signal until its client closes.
    if !is_second {
        clients.iter_mut().for_each(|client| read_to_end(scene, client, &server));
    }
    drop(clients);
    check_signal(server, &sent);
}

/// Connects a client that is idle, has sent a little, or as much as is taken.
fn client(scene: &Scene, random: &mut Random) -> UnixStream {
    let Wire::Local(mut stream) = scene.wire("./a") else { panic!("a local socket") };
    match random.below(3) {
        0 => {}
        1 => stream.write_all(b"a line\n").unwrap(),
        _ => {
            stream.set_nonblocking(true).unwrap();
            while stream.write(&[b'x'; 4096]).is_ok() {}
            stream.set_nonblocking(false).unwrap();
        }
    }
    stream
}

/// Reads until the end of file, or until the connection is reset.
#[track_caller]
fn read_to_end(scene: &Scene, stream: &mut UnixStream, server: &Running) {
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let result = stream.read_to_end(&mut Vec::new());
    let is_open = result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    if is_open {
        let said = server.log();
        let left = processes_in(scene.folder());
        panic!("a connection has not ended with the server\nrunning: {left:?}\n{said}");
    }
}

/// Sends a signal during transfers, with enough time for them to complete.
fn whole(scene: &Scene, target: &str, random: &mut Random, figures: &mut Figures) {
    let args = command(SERVERS[random.pick(&ECHOES)], target, "60s");
    let mut server = serve(scene, &args);
    let sent: Vec<_> = (0..=random.below(3)).map(|_| data(random.magnitude(22))).collect();
    let clients: Vec<_> = sent
        .iter()
        .map(|bytes| lsock(scene, &["connect", "./a"]).input(bytes.as_slice()).start())
        .collect();
    server.wait_for_message(&format!("connection {} from", sent.len()));
    thread::sleep(random.pause(14));
    let start = Instant::now();
    let name = random.pick(&SIGNALS);
    signal(&server, name);
    for (client, bytes) in clients.into_iter().zip(&sent) {
        client.end().silent().output(bytes);
        figures.add("connections that ended whole within the grace time", 1);
    }
    check_ends(&mut server, start, Duration::from_secs(30));
    check_signal(server, &[name]);
}
