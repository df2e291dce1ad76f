//! `lsock replay`: recorded connections are played again, and what differs is shown.

mod answers;
mod captures;
mod clients;
#[cfg(target_os = "linux")]
mod programs;
mod usage;

use crate::harness::{Cmd, Host, Running, Scene, Wire};
use std::{
    io::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, JoinHandle},
};

/// A question of a client and the answer of the server.
type Exchange = (Vec<u8>, Vec<u8>);

fn exchange(question: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) -> Exchange {
    (question.as_ref().to_vec(), answer.as_ref().to_vec())
}

/// Returns a bare word that was not used before. A process that another test is starting can keep a
/// listener open for a moment after it was closed.
fn fresh_word(scene: &Scene) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("{}-{}", scene.word(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A conversation of two short exchanges.
fn short() -> Vec<Exchange> {
    vec![exchange("PING\n", "+PONG\n"), exchange("GET a\n", "$5 hello\n")]
}

/// Answers as in the conversation, until the client ends.
fn answer(wire: &mut Wire, conversation: &[Exchange]) {
    for (question, answer) in conversation {
        wire.expect(question);
        wire.send(answer);
    }
    wire.expect_rest("");
}

/// A server that has such a conversation with each of `count` clients.
fn serve(scene: &Scene, count: usize, conversation: Vec<Exchange>) -> (JoinHandle<()>, String) {
    serve_at(scene, &fresh_word(scene), count, conversation)
}

fn serve_at(
    scene: &Scene,
    name: &str,
    count: usize,
    conversation: Vec<Exchange>,
) -> (JoinHandle<()>, String) {
    let (host, name) = scene.host(name);
    let serving = host.serve_each(count, move |mut wire: Wire| answer(&mut wire, &conversation));
    (serving, name)
}

/// Records conversations, one after another, into the file `r`.
fn record(scene: &Scene, conversations: &[Vec<Exchange>]) {
    let (host, target) = scene.host(&fresh_word(scene));
    let relay = scene.relay(scene.word(), &target).args(["--record", "r"]).start_listening();
    for conversation in conversations {
        let (mut client, mut server) = (scene.wire(scene.word()), host.accept());
        for (question, answer) in conversation {
            pass(&client, &mut server, question);
            pass(&server, &mut client, answer);
        }
        client.end();
        server.expect_rest("");
        drop(server);
        client.expect_rest("");
    }
    end(relay, conversations.len(), host);
}

/// Sends bytes from one end to the other one. They may be more than fit into sockets.
fn pass(from: &Wire, to: &mut Wire, bytes: &[u8]) {
    let mut from = from.another();
    thread::scope(|scope| {
        scope.spawn(|| {
            from.send(bytes);
            // Wine loses the completion of a write whose thread has ended, and the next write would
            // wait for it.
            from.flush().unwrap();
        });
        to.expect(bytes);
    });
}

/// Ends a relay when it has served so many connections.
fn end(relay: Running, count: usize, host: Host) {
    if count > 0 {
        relay.wait_for_message(&format!("connection {count}: "));
    }
    drop((relay, host));
}

/// `lsock replay r NAME`
fn replay(scene: &Scene, name: &str) -> Cmd {
    scene.lsock(["replay", "r", name])
}
