//! Kills a random process of a transfer at a random moment, with SIGKILL.
//!
//! It proves that
//! - a receiver gets the beginning of the sent bytes;
//! - a transfer without the killed process is complete, with status 0;
//! - the survivors end with a documented status, and success is reported for no more missing
//!   bytes than the killed process can have held;
//! - a server that starts with the name of a killed one serves at once;
//! - no process, no zombie and no file is left in the end.

use super::{
    checks::{check_prefix, check_survivor, was_killed},
    hub,
    parts::{Server, kill_later, options, with_input},
    process::{Sweep, check_left_over_of_killed, check_zombies, lsock, terminate},
    random::Random,
    report::Figures,
};
use crate::harness::{Scene, data};
use rustix::process::Signal;
use std::thread;

/// The most bytes that one process holds for a connection: the default of `--buffer`.
const HELD: usize = 1 << 20;

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let scene = Scene::new();
    let _sweep = Sweep(&scene);
    match random.below(8) {
        0..=2 => echo(&scene, random, figures),
        3 | 4 => one_shot(&scene, random, figures),
        5 => starting(&scene, random, figures),
        6 => hub::merge(&scene, random, figures),
        _ => hub::broadcast(&scene, random, figures),
    }
    check_left_over_of_killed(&scene, figures);
}

/// Clients of a server that echoes, directly or through relays.
fn echo(scene: &Scene, random: &mut Random, figures: &mut Figures) {
    let mut servers = Vec::new();
    let relays = random.below(3);
    let target = if relays == 0 { "./a" } else { "./b" };
    let cat = ["--", "cat"];
    servers.push(Server::start(scene, &["listen", target, "-k"], options(random), &cat));
    if relays == 1 {
        servers.push(Server::start(scene, &["relay", "./a", "./b"], options(random), &[]));
    } else if relays == 2 {
        let port = ["relay", "tcp:127.0.0.1:0", "./b"];
        servers.push(Server::start(scene, &port, options(random), &[]));
        let port = servers[1].args[1].clone();
        servers.push(Server::start(scene, &["relay", "./a", &port], options(random), &[]));
    }
    let sent: Vec<_> = (0..=random.below(3)).map(|_| data(random.magnitude(22))).collect();
    let mut clients: Vec<_> = sent
        .iter()
        .map(|bytes| {
            let cmd = lsock(scene, &["connect", "./a"]).args(options(random));
            with_input(cmd, bytes, random).0.start()
        })
        .collect();
    if random.one_in(2) {
        let (first, count) = (&clients[0], random.below(sent[0].len() + 1));
        assert!(first.stdout.wait_for(|bytes| bytes.len() >= count), "nothing comes back");
    }
    let victim = random.below(servers.len() + clients.len());
    match servers.get_mut(victim) {
        Some(server) => kill_later(&mut server.running, random),
        None => kill_later(&mut clients[victim - servers.len()], random),
    }
    for (number, (client, sent)) in clients.into_iter().zip(&sent).enumerate() {
        let outcome = client.end();
        check_prefix(&outcome, sent);
        if victim < servers.len() {
            check_survivor(&outcome, "client of a killed server", figures);
        } else if victim - servers.len() != number || !was_killed(&outcome) {
            outcome.silent().output(sent);
            figures.add("client beside a killed one: whole", 1);
        }
    }
    if let Some(server) = servers.get_mut(victim) {
        server.running = Server::run(scene, &server.args);
        figures.add("server killed and started again", 1);
    }
    lsock(scene, &["connect", "./a"]).input("again").run().silent().output("again");
    for server in &servers {
        check_zombies(&server.running);
    }
    while !servers.is_empty() {
        terminate(servers.swap_remove(random.below(servers.len())).running);
    }
}

/// A listener and a client that send to each other.
fn one_shot(scene: &Scene, random: &mut Random, figures: &mut Figures) {
    let mut sent = || data(random.magnitude(22));
    let (to_client, to_server) = (sent(), sent());
    let cmd = lsock(scene, &["listen", "./a", "-v"]).args(options(random));
    let (cmd, given_to_server) = with_input(cmd, &to_client, random);
    let mut server = cmd.start_listening();
    let cmd = lsock(scene, &["connect", "./a"]).args(options(random));
    let (cmd, given_to_client) = with_input(cmd, &to_server, random);
    let mut client = cmd.start();
    if random.one_in(2) {
        // If the client is killed before it connects, the listener goes on waiting.
        server.wait_for_message("connection 1");
        kill_later(&mut client, random);
    } else {
        kill_later(&mut server, random);
    }
    let (client, server) = (client.end(), server.end());
    for (outcome, received) in [(&client, &to_client), (&server, &to_server)] {
        check_prefix(outcome, received);
        if !was_killed(outcome) {
            check_survivor(outcome, "end of a pair", figures);
        }
    }
    for (sender, given, receiver) in
        [(&client, given_to_client, &server), (&server, given_to_server, &client)]
    {
        let missing = given.least().saturating_sub(receiver.stdout.len());
        if sender.status.success() && missing > 0 {
            figures.add("success, and the killed peer held bytes", 1);
            let (sender, receiver) = (sender.report(), receiver.report());
            assert!(missing <= HELD, "{missing} bytes are missing\n{sender}\n{receiver}");
        }
    }
    serve_once_more(scene);
}

/// Listeners that are killed while they start.
fn starting(scene: &Scene, random: &mut Random, figures: &mut Figures) {
    for _ in 0..=random.below(6) {
        let server = lsock(scene, &["listen", "./a", "-k", "--", "cat"]).start();
        thread::sleep(random.pause(15));
        server.kill().died_of(Signal::KILL);
        figures.add("listener killed while it starts", 1);
    }
    serve_once_more(scene);
}

/// Takes the name over, serves one client, and ends.
fn serve_once_more(scene: &Scene) {
    let server = lsock(scene, &["listen", "./a", "-v"]).input("there").start_listening();
    lsock(scene, &["connect", "./a"]).input("here").run().silent().output("there");
    server.end().ok().output("here");
}
