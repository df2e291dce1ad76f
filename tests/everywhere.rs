//! What every system shows, with no other program than lsock: bare words as names, which are
//! pipes on Windows.

mod assuan;
mod hub;
mod interrupts;
mod listen;
mod ready_file;
mod relay;
mod relay_commands;
mod unread;

use crate::harness::Scene;
use std::thread::JoinHandle;

const LSOCK: &str = env!("CARGO_BIN_EXE_lsock");

/// Serves `count` clients, one after another: each gets back what it has sent, after its end of
/// file.
fn echo_each(scene: &Scene, name: &str, count: usize) -> JoinHandle<()> {
    scene.host(name).0.serve_each(count, |mut wire| {
        let request = wire.rest();
        wire.send(request);
    })
}
