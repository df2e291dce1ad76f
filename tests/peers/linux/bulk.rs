//! Bulk data through a relay: throughput, and the CPU time that the relay takes for it.
//!
//! A client sends blocks of 128 KiB to a server that discards them, and waits for its answer
//! behind the last one: the number of received bytes, all of them correct. The client times from
//! connecting to that answer. The server knows the number of bytes beforehand: if the client ended
//! its direction instead, systemd-socket-proxyd would end the whole connection. In the first round,
//! with less data, every byte is compared; in the timed rounds the bytes are counted and a part of
//! each block is compared.
//!
//! CPU time is that of the relay alone with all its children, in user mode and in the kernel.

use super::{
    Run,
    lanes::Lanes,
    pattern::{Check, Pattern},
    relays::Relay,
    source_sink::BLOCK,
    summary::Better,
    table::{Column, Table},
};
use anyhow::{Context as _, Result, ensure};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    thread,
    time::Instant,
};

const RELAYS: [Relay; 6] =
    [Relay::Direct, Relay::Splice, Relay::Epoll, Relay::Lsock, Relay::Socat, Relay::Proxyd];

pub(super) fn table(run: &Run) -> Result<Table> {
    let mut table = Table::new(
        "Bulk data through a relay",
        format!("{} MB from a client to a server that discards them.", run.bytes / 1_000_000),
        Relay::Splice.name(),
        vec![
            Column::new("GB/s", 2).summary("relay, bulk, GB/s", Better::More),
            Column::new("CPU seconds of the relay per GB", 3)
                .summary("relay, bulk, CPU seconds per GB", Better::Less),
        ],
    );
    let mut lanes = Lanes::open(run, "discard", &RELAYS)?;
    let block = BLOCK.to_string();
    let first = (run.bytes.min(64 << 20) + 4321).to_string();
    for lane in &mut lanes.lanes {
        lane.check(run, &["send", &first, &block, Check::Whole.text()]);
    }
    let args = ["send", &run.bytes.to_string(), &block, Check::Samples.text()];
    for _ in 0..run.rounds {
        for lane in &mut lanes.lanes {
            lane.row.record(|| {
                let before = lane.route.cpu()?;
                let seconds = lane.route.client(run, &args)?[0];
                let gigabytes = run.bytes as f64 / 1e9;
                Ok(vec![gigabytes / seconds, (lane.route.cpu()? - before) / gigabytes])
            });
        }
    }
    lanes.close(&mut table);
    Ok(table)
}

/// The server: reads the kind of check and the number of bytes, then the bytes, and answers.
pub(super) fn discard(path: &Path) -> Result<()> {
    for stream in UnixListener::bind(path)?.incoming() {
        let stream = stream?;
        thread::spawn(move || {
            if let Err(error) = discard_one(stream) {
                eprintln!("server: {error:#}");
            }
        });
    }
    Ok(())
}

fn discard_one(mut stream: UnixStream) -> Result<()> {
    let (mut check, mut bytes) = ([0], [0; 8]);
    // A connection without data is an attempt to reach the server.
    if stream.read(&mut check)? == 0 {
        return Ok(());
    }
    let check = if check == *b"w" { Check::Whole } else { Check::Samples };
    stream.read_exact(&mut bytes)?;
    let bytes = u64::from_le_bytes(bytes);
    let pattern = Pattern::new(BLOCK);
    let mut block = vec![0; BLOCK];
    let mut received: u64 = 0;
    while received < bytes {
        let count = stream.read(&mut block)?;
        // After an error there is no answer.
        ensure!(count > 0, "{received} bytes arrived, not {bytes}");
        pattern.compare(received, &block[..count], check)?;
        received += count as u64;
    }
    stream.write_all(&received.to_le_bytes())?;
    Ok(())
}

/// The client: prints the elapsed seconds.
pub(super) fn send(path: &Path, bytes: u64, block: usize, check: Check) -> Result<()> {
    let pattern = Pattern::new(block);
    let start = Instant::now();
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(&check.text().as_bytes()[..1])?;
    stream.write_all(&bytes.to_le_bytes())?;
    let mut sent = 0;
    while sent < bytes {
        let len = (bytes - sent).min(block as u64) as usize;
        stream.write_all(pattern.at(sent, len))?;
        sent += len as u64;
    }
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).context("the server did not get the right bytes")?;
    let seconds = start.elapsed().as_secs_f64();
    let received = u64::from_le_bytes(answer);
    ensure!(received == bytes, "{received} bytes arrived, not {bytes}");
    println!("{seconds}");
    Ok(())
}
