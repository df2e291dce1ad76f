//! `pty:LINK`: terminals that programs open by a symbolic link, as they open a serial line.

mod link;
mod listening;
mod programs;
mod target;
mod usage;

use crate::harness::{Line, data};
use std::{
    io::{Read, Write},
    thread,
};

/// Number of bytes that are more than all buffers on the way hold.
const MANY: usize = 2_000_001;

/// Sends bytes in both directions at the same time, and expects them unchanged at the other end.
#[track_caller]
fn expect_unchanged(
    line: &mut Line,
    mut peer: impl Read + Write + Send,
    peer_writes: impl Write + Send,
) {
    let (bytes, mut peer_writes) = (data(MANY), peer_writes);
    let mut line_writes = line.another();
    thread::scope(|scope| {
        scope.spawn(|| line_writes.send(&bytes));
        scope.spawn(|| peer_writes.write_all(&bytes).unwrap());
        scope.spawn(|| {
            let mut received = vec![0; MANY];
            peer.read_exact(&mut received).unwrap();
            assert!(received == bytes, "other bytes from the terminal");
        });
        line.expect(&bytes);
    });
}
