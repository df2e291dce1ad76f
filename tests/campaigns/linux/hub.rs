//! Kills clients of a hub, or the hub: lines of others stay complete and in order.

use super::{
    checks::{check_survivor, was_killed},
    parts::{kill_later, with_input},
    process::{check_zombies, lsock, serve, terminate},
    random::Random,
    report::Figures,
};
use crate::harness::{Outcome, Running, Scene, data, signal};
use rustix::process::Signal;
use std::{fmt::Write as _, io::Write as _, thread};

/// Clients send lines to a hub, which writes them to its stdout.
pub(super) fn merge(scene: &Scene, random: &mut Random, figures: &mut Figures) {
    let args = ["listen", "./a", "-k", "--merge"];
    let mut hub = serve(scene, &args);
    let counts: Vec<_> = (0..2 + random.below(3)).map(|_| random.magnitude(12)).collect();
    let mut clients: Vec<_> = counts
        .iter()
        .enumerate()
        .map(|(client, count)| {
            let text = (0..*count).fold(String::new(), |mut text, number| {
                writeln!(text, "{}", line(client, number)).unwrap();
                text
            });
            let cmd = lsock(scene, &["connect", "./a", "--send-only"]);
            with_input(cmd, text.as_bytes(), random).0.start()
        })
        .collect();
    let victim = random.below(clients.len() + 1);
    kill_later(clients.get_mut(victim).unwrap_or(&mut hub), random);
    let mut whole = vec![false; clients.len()];
    for (client, running) in clients.into_iter().enumerate() {
        let outcome = running.end();
        if victim == whole.len() {
            check_survivor(&outcome, "sender to a killed hub", figures);
        } else if client != victim || !was_killed(&outcome) {
            outcome.silent();
            whole[client] = true;
            figures.add("sender beside a killed one: whole", 1);
        }
    }
    let is_killed = victim == whole.len();
    if !is_killed {
        check_zombies(&hub);
        signal(&hub, Signal::TERM);
    }
    let outcome = hub.end();
    check_lines(&outcome, &counts, &whole, is_killed);
    if is_killed {
        terminate(serve(scene, &args));
    } else {
        outcome.died_of(Signal::TERM);
    }
}

fn line(client: usize, number: usize) -> String {
    format!("{client} {number} {} {number}", "x".repeat((number * 37 + client * 11) % 90))
}

/// Checks that the lines of each client are complete and in order. The last line of a killed
/// client, and the last one of a killed hub, may be cut off.
#[track_caller]
fn check_lines(hub: &Outcome, counts: &[usize], whole: &[bool], is_killed: bool) {
    let text = String::from_utf8_lossy(&hub.stdout);
    let mut next = vec![0; counts.len()];
    let mut lines = text.split_terminator('\n').peekable();
    while let Some(found) = lines.next() {
        let client = (0..counts.len()).find(|client| found == line(*client, next[*client]));
        if let Some(client) = client {
            next[client] += 1;
            continue;
        }
        let may_be_cut = |client: &usize| {
            let is_last_of_all = is_killed && lines.peek().is_none();
            (!whole[*client] && !is_killed) || is_last_of_all
        };
        let is_cut = (0..counts.len())
            .filter(may_be_cut)
            .any(|client| line(client, next[client]).starts_with(found));
        assert!(is_cut, "wrong line {found:?} after {next:?} lines");
    }
    for client in (0..counts.len()).filter(|client| whole[*client]) {
        assert!(next[client] == counts[client], "lines of client {client}: {next:?} of {counts:?}");
    }
}

/// Fails unless the bytes are a part of the sent ones. The first bytes are missing if the hub
/// read them before it accepted the client.
#[track_caller]
fn check_part(found: &Outcome, sent: &[u8]) {
    let bytes = found.stdout.as_slice();
    let is_part = sent.starts_with(bytes) || sent.windows(bytes.len()).any(|part| part == bytes);
    assert!(is_part, "{} bytes that were not sent like this\n{}", bytes.len(), found.report());
}

/// A hub sends what it reads to all clients.
pub(super) fn broadcast(scene: &Scene, random: &mut Random, figures: &mut Figures) {
    let args = ["listen", "./a", "-v", "-k", "--broadcast"];
    let mut hub = lsock(scene, &args).open_input().start_listening();
    let count = 1 + random.below(4);
    let mut clients: Vec<_> =
        (0..count).map(|_| lsock(scene, &["connect", "./a", "--recv-only"]).start()).collect();
    hub.wait_for_message(&format!("connection {count} from"));
    // Less than the limit of --queue, so that no client is cut off.
    let sent = data(random.magnitude(19));
    let (mut input, bytes) = (hub.take_input(), sent.clone());
    // Fails if the hub is killed.
    let writer = thread::spawn(move || drop(input.write_all(&bytes)));
    let victim = random.below(count + 1);
    kill_later(clients.get_mut(victim).unwrap_or(&mut hub), random);
    if victim == 0 && count == 1 {
        // A hub without clients does not read its stdin to the end.
        let next = lsock(scene, &["connect", "./a", "--recv-only"]).run();
        check_survivor(&next, "receiver after a killed one", figures);
    }
    writer.join().unwrap();
    for (client, running) in clients.into_iter().enumerate() {
        let outcome = running.end();
        check_part(&outcome, &sent);
        if victim == count {
            check_survivor(&outcome, "receiver of a killed hub", figures);
        } else if client != victim || !was_killed(&outcome) {
            let outcome = outcome.silent();
            assert!(sent.ends_with(&outcome.stdout), "no end of file\n{}", outcome.report());
            figures.add("receiver beside a killed one: whole", 1);
            let is_late = outcome.stdout.len() < sent.len();
            figures.add("receiver that joined after the first bytes", u64::from(is_late));
        }
    }
    let outcome = hub.end();
    if !was_killed(&outcome) {
        outcome.ok();
    }
    let again: Running = serve(scene, &["listen", "./a", "-k", "--merge"]);
    terminate(again);
}
