//! New connections: each sends 8 B, gets them back (compared), and closes.
//!
//! Once with a client that makes one connection after another, which is mostly a matter of
//! latency, and once with four threads that each do so, which is one of work. The server is one
//! thread that waits for all connections.

use super::{
    Run,
    lanes::Lanes,
    relays::Relay,
    table::{Column, Table},
};
use anyhow::{Result, anyhow, ensure};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    thread,
    time::Instant,
};

const RELAYS: [Relay; 4] = [Relay::Direct, Relay::Lsock, Relay::Socat, Relay::Proxyd];

/// How many connections in a round.
const COUNT: u64 = 3000;

pub(super) fn table(run: &Run) -> Result<Table> {
    let mut table = Table::new(
        "New connections through a relay",
        format!("{COUNT} connections in each round, each with 8 B there and back."),
        Relay::Direct.name(),
        vec![
            Column::new("per second, one after another", 0),
            Column::new("per second, by four threads", 0),
        ],
    );
    let mut lanes = Lanes::open(run, "echo-events", &RELAYS)?;
    let count = COUNT.to_string();
    for lane in &mut lanes.lanes {
        lane.check(run, &["visit", "200", "4"]);
    }
    for _ in 0..run.rounds {
        for lane in &mut lanes.lanes {
            lane.record(run, &[&["visit", &count, "1"], &["visit", &count, "4"]]);
        }
    }
    lanes.close(&mut table);
    Ok(table)
}

/// The client: prints the connections per second.
pub(super) fn visit(path: &Path, count: u64, threads: u64) -> Result<()> {
    let start = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let numbers = (thread..count).step_by(threads as usize);
                scope.spawn(move || numbers.into_iter().try_for_each(|number| once(path, number)))
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
    })?;
    println!("{}", count as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

fn once(path: &Path, number: u64) -> Result<()> {
    greet(&mut UnixStream::connect(path)?, number)
}

/// 8 B there and back.
pub(super) fn greet(stream: &mut UnixStream, number: u64) -> Result<()> {
    stream.write_all(&number.to_le_bytes())?;
    let mut answer = [0; 8];
    stream.read_exact(&mut answer)?;
    ensure!(u64::from_le_bytes(answer) == number, "a wrong answer");
    Ok(())
}
