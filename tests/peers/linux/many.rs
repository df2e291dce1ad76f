//! 10,000 open connections through one relay, which is started anew for each round.
//!
//! The client connects them one after another; each sends 8 B and gets them back. Then all are
//! idle, and the relay's memory is taken: what it has more than before, for each connection.
//! Then, for a second, 64 of them at a time, chosen at random, have a message of 64 B under
//! way, there and back: how many per second. All answers are compared. Client and server are
//! one thread each, which wait for all connections.

use super::{
    Run,
    connections::greet,
    lanes::Lanes,
    processes::Process,
    relays::Relay,
    roles::role,
    round_trip::{SIZE, message},
    table::{Column, Table},
    usage::memory,
};
use anyhow::{Context as _, Result, ensure};
use rustix::{
    buffer::spare_capacity,
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

const RELAYS: [Relay; 3] = [Relay::Direct, Relay::Lsock, Relay::Proxyd];
const COUNT: u64 = 10_000;

/// Descriptors for each connection: proxyd has two sockets and two pipes.
const DESCRIPTORS: u64 = 6;

/// Messages under way.
const UNDER_WAY: u64 = 64;

pub(super) fn table(run: &Run) -> Result<Table> {
    let before = getrlimit(Resource::Nofile);
    let (count, files) = raise_limit(before);
    let mut table = Table::new(
        &format!("{count} open connections through a relay"),
        format!(
            "All are served before any is closed; up to {files} descriptors are allowed. Memory \
             of the relay's process, without the kernel's part; messages of 64 B there and back."
        ),
        Relay::Direct.name(),
        vec![
            Column::new("bytes for each idle connection", 0),
            Column::new("messages per second", 0),
            Column::new("ms to connect and greet all", 0),
        ],
    );
    let mut all: Option<Lanes> = None;
    for _ in 0..run.rounds.min(3) {
        // The memory that a relay keeps from one crowd would be missing at the next.
        let mut lanes = Lanes::open(run, "echo-events", &RELAYS)?;
        for (index, lane) in lanes.lanes.iter_mut().enumerate() {
            if let Some(all) = &mut all {
                std::mem::swap(&mut lane.row, &mut all.lanes[index].row);
            }
            let (address, relay) = (&lane.address, lane.relay.as_mut());
            lane.row.record(|| round(run, address, relay, count));
            lane.relay = None;
        }
        all = Some(lanes);
    }
    if let Some(all) = all {
        all.close(&mut table);
    }
    setrlimit(Resource::Nofile, Rlimit { maximum: getrlimit(Resource::Nofile).maximum, ..before })?;
    Ok(table)
}

/// The number of connections that can be had, and the limit of descriptors.
fn raise_limit(now: Rlimit) -> (u64, u64) {
    // Standard streams, listeners and the like.
    const OTHERS: u64 = 100;
    let wanted = COUNT * DESCRIPTORS + OTHERS;
    let maximum = now.maximum.map(|maximum| maximum.max(wanted));
    if setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok() {
        return (COUNT, wanted);
    }
    // That takes privileges. What is allowed has to do, for two descriptors each.
    let most = now.maximum.unwrap_or(wanted).min(wanted);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..now });
    (COUNT.min(most.saturating_sub(OTHERS) / 2), most)
}

fn round(run: &Run, address: &Path, relay: Option<&mut Process>, count: u64) -> Result<Vec<f64>> {
    let pid = relay.as_ref().map(|relay| relay.pid());
    let used = || pid.map_or(Ok(f64::NAN), memory);
    let before = used()?;
    let mut command = role("crowd")?;
    command.arg(address).arg(count.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut client = Process::start("client", &mut command, &run.folder)?;
    let result = (|| {
        let seconds = client.next_answer()?[0];
        // Whatever the relay has still to put away.
        thread::sleep(Duration::from_millis(200));
        let memory = (used()? - before) / count as f64;
        drop(client.child().stdin.take());
        Ok(vec![memory, client.answer()?[0], seconds * 1e3])
    })();
    if result.is_err()
        && let Some(relay) = relay
    {
        relay.is_running()?;
    }
    result
}

/// The client: prints the seconds until all are connected, waits for the end of stdin, and
/// prints the messages per second.
pub(super) fn crowd(path: &Path, count: u64) -> Result<()> {
    let start = Instant::now();
    let mut streams = Vec::new();
    for number in 0..count {
        let mut stream =
            UnixStream::connect(path).with_context(|| format!("connection {number}"))?;
        greet(&mut stream, number).with_context(|| format!("connection {number}"))?;
        streams.push(stream);
    }
    println!("{}", start.elapsed().as_secs_f64());
    std::io::stdin().read_to_end(&mut Vec::new())?;

    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    for (number, stream) in streams.iter().enumerate() {
        epoll::add(&epoll, stream, EventData::new_u64(number as u64), EventFlags::IN)?;
    }
    // What each connection waits for.
    let mut waiting: Vec<Option<u64>> = vec![None; streams.len()];
    let mut sent: u64 = 0;
    let mut random = 1_u64;
    let mut send = |streams: &mut [UnixStream], waiting: &mut [Option<u64>]| {
        let free = loop {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = (random >> 33) as usize % waiting.len();
            if waiting[index].is_none() {
                break index;
            }
        };
        waiting[free] = Some(sent);
        streams[free].write_all(&message(sent))?;
        sent += 1;
        anyhow::Ok(())
    };
    let start = Instant::now();
    for _ in 0..UNDER_WAY.min(count.div_ceil(2)) {
        send(&mut streams, &mut waiting)?;
    }
    let mut answers: u64 = 0;
    let mut events = Vec::with_capacity(256);
    while start.elapsed() < Duration::from_secs(1) {
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            let index = event.data.u64() as usize;
            let number = waiting[index].take().context("an answer to nothing")?;
            let mut answer = [0; SIZE];
            streams[index].read_exact(&mut answer)?;
            ensure!(answer == message(number), "a wrong answer");
            answers += 1;
            send(&mut streams, &mut waiting)?;
        }
    }
    println!("{}", answers as f64 / start.elapsed().as_secs_f64());
    Ok(())
}
