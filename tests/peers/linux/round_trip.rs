//! The time that a message of 64 B takes there and back, through a relay to a server with a
//! blocking thread for each connection.
//!
//! One message is under way at a time; every answer is compared. Once with the processes
//! wherever the system puts them, and once with all of them (client, relay, server) on one CPU:
//! what a message waits for in the first case is mostly another CPU that has to wake up.

use super::{
    Run,
    lanes::Lanes,
    one_cpu::on_one_cpu,
    relays::Relay,
    table::{Column, Table},
};
use anyhow::{Result, ensure};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

pub(super) const SIZE: usize = 64;

const RELAYS: [Relay; 4] = [Relay::Direct, Relay::Lsock, Relay::Socat, Relay::Proxyd];
const COUNT: u64 = 10_000;

pub(super) fn tables(run: &Run) -> Result<Vec<Table>> {
    let anywhere = table(run, "A message of 64 B there and back")?;
    let pinned = on_one_cpu(|| table(run, "The same with all processes on one CPU"))?;
    Ok(vec![anywhere, pinned])
}

fn table(run: &Run, title: &str) -> Result<Table> {
    let mut table = Table::new(
        title,
        format!("{COUNT} messages in each round, one at a time."),
        Relay::Direct.name(),
        vec![Column::new("p50 in µs", 1), Column::new("p99 in µs", 1)],
    );
    let mut lanes = Lanes::open(run, "echo-threads", &RELAYS)?;
    for lane in &mut lanes.lanes {
        lane.check(run, &["ping", "1000"]);
    }
    for _ in 0..run.rounds {
        for lane in &mut lanes.lanes {
            lane.record(run, &[&["ping", &COUNT.to_string()]]);
        }
    }
    lanes.close(&mut table);
    Ok(table)
}

/// The client: prints p50 and p99 in microseconds.
pub(super) fn ping(path: &Path, count: u64) -> Result<()> {
    let mut stream = UnixStream::connect(path)?;
    let mut times = Vec::new();
    for number in 0..count {
        let start = Instant::now();
        exchange(&mut stream, number)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |part: f64| micros(times[((times.len() - 1) as f64 * part) as usize]);
    println!("{} {}", at(0.5), at(0.99));
    Ok(())
}

/// Sends a message that no other is equal to, and gets it back.
fn exchange(stream: &mut UnixStream, number: u64) -> Result<()> {
    let message = message(number);
    stream.write_all(&message)?;
    let mut answer = [0; SIZE];
    stream.read_exact(&mut answer)?;
    ensure!(answer == message, "a wrong answer");
    Ok(())
}

pub(super) fn message(number: u64) -> [u8; SIZE] {
    let mut message = [b'.'; SIZE];
    message[..8].copy_from_slice(&number.to_le_bytes());
    message[SIZE - 8..].copy_from_slice(&number.to_be_bytes());
    message
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
