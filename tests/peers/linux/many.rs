//! 4,000 open connections through one relay, which is started anew for each round; fewer, if
//! the limit of open files does not admit so many and cannot be raised.
//!
//! The client connects them one after another; each sends 8 B and gets them back. Then all are
//! idle, and the growth of the relay's memory is measured, for each connection. Then, for a second,
//! all of them exchange messages of 8 B, each connection one at a time: the figure is messages per
//! second. All answers are compared. Client and server are one thread each, which waits for all
//! connections.

use super::{
    Run,
    lanes::Lanes,
    processes::Process,
    relays::Relay,
    route::Route,
    summary::Better,
    table::{Column, Table},
};
use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{process::Stdio, thread, time::Duration};

const RELAYS: [Relay; 4] = [Relay::Direct, Relay::Epoll, Relay::Lsock, Relay::Proxyd];
const COUNT: u64 = 4000;

/// Open files of a process other than its connections.
const OTHERS: u64 = 100;

pub(super) fn table(run: &Run) -> Result<Table> {
    let before = getrlimit(Resource::Nofile);
    let files = raise_limit(before);
    let mut table = Table::new(
        "Many open connections through one relay",
        format!(
            "{COUNT}, or as many as {files} open files admit. All are served before any is \
             closed. Memory of the relay's process, without the kernel's part; messages of 8 B \
             there and back, one of each connection at a time."
        ),
        Relay::Epoll.name(),
        vec![
            Column::without_ratio("connections", 0),
            Column::without_ratio("bytes for each idle connection", 0)
                .summary("relay, memory for an idle connection, bytes", Better::Less),
            Column::new("messages per second", 0).summary(
                format!("{COUNT} open connections, messages of 8 B per second"),
                Better::More,
            ),
            Column::new("CPU of the relay in µs", 2).summary(
                format!("{COUNT} open connections, messages of 8 B, CPU in µs for each"),
                Better::Less,
            ),
            Column::without_ratio("ms to connect and greet all", 0),
        ],
    );
    let mut all: Option<Lanes> = None;
    for _ in 0..run.rounds {
        // A relay keeps memory of one crowd, which would not be counted for the next one.
        let mut lanes = Lanes::open(run, "echo-events", &RELAYS)?;
        if let Some(earlier) = all.take() {
            lanes.follow(earlier);
        }
        for lane in &mut lanes.lanes {
            let count = COUNT.min((files - OTHERS) / descriptors(&lane.row.name));
            lane.row.record(|| round(run, &mut lane.route, count));
            lane.route.end();
        }
        all = Some(lanes);
    }
    if let Some(all) = all {
        all.close(&mut table);
    }
    setrlimit(Resource::Nofile, Rlimit { maximum: getrlimit(Resource::Nofile).maximum, ..before })?;
    Ok(table)
}

/// Open files of a relay for each connection: proxyd has two sockets and two pipes.
fn descriptors(relay: &str) -> u64 {
    if relay == Relay::Proxyd.name() { 6 } else { 2 }
}

/// Raises the limit of open files as far as needed or possible, for all processes that are started
/// from now on, and returns it.
fn raise_limit(now: Rlimit) -> u64 {
    let wanted = COUNT * descriptors(Relay::Proxyd.name()) + OTHERS;
    let maximum = now.maximum.map(|maximum| maximum.max(wanted));
    if setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok() {
        return wanted;
    }
    // Raising the maximum requires privileges.
    let most = now.maximum.unwrap_or(wanted).min(wanted);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..now });
    getrlimit(Resource::Nofile).current.unwrap_or(wanted)
}

fn round(run: &Run, route: &mut Route, count: u64) -> Result<Vec<f64>> {
    let memory_before = route.memory()?;
    let mut command = route.command(&["crowd", &count.to_string()])?;
    let mut client = Process::start("client", command.stdin(Stdio::piped()), &run.folder)?;
    let mut figures = || {
        let seconds = client.next_answer()?[0];
        // The relay may still be closing connections.
        thread::sleep(Duration::from_millis(200));
        let memory = (route.memory()? - memory_before) / count as f64;
        let before = route.cpu()?;
        drop(client.child().stdin.take());
        let answer = client.answer()?;
        let [rate, messages] = answer[..] else { bail!("the client prints {answer:?}") };
        // The end of all connections is a small part of it.
        let cpu = (route.cpu()? - before) / messages * 1e6;
        Ok(vec![count as f64, memory, rate, cpu, seconds * 1e3])
    };
    figures().map_err(|error| route.reason(error))
}
