//! New connections: each sends 8 B, gets them back (compared), and closes.
//!
//! The client is `lsock bench connect`: once with one connection after another, which mostly
//! measures latency, and once with four threads that each do so, which measures work. The server is
//! one thread that waits for all connections.

use super::{
    Run,
    lanes::Lanes,
    relays::Relay,
    route::Route,
    summary::Better,
    table::{Column, Table},
};
use anyhow::Result;

const RELAYS: [Relay; 5] = [Relay::Direct, Relay::Epoll, Relay::Lsock, Relay::Socat, Relay::Proxyd];

/// Number of connections in a round.
const COUNT: u64 = 3000;

pub(super) fn table(run: &Run) -> Result<Table> {
    let mut table = Table::new(
        "New connections through a relay",
        format!("{COUNT} connections in each round, each with 8 B there and back."),
        Relay::Epoll.name(),
        vec![
            Column::new("per second, one after another", 0)
                .summary("relay, connections one after another, per second", Better::More),
            Column::new("CPU of the relay in µs", 1)
                .summary("relay, connections one after another, CPU in µs for each", Better::Less),
            Column::new("per second, by four threads", 0)
                .summary("relay, connections by four threads, per second", Better::More),
        ],
    );
    let mut lanes = Lanes::open(run, "echo-events", &RELAYS)?;
    for lane in &mut lanes.lanes {
        lane.row.check(|| rate(run, &mut lane.route, 200, 4).map(drop));
    }
    for _ in 0..run.rounds {
        for lane in &mut lanes.lanes {
            lane.row.record(|| {
                let count = run.count(COUNT);
                let (one, cpu) = lane.route.with_cpu(|route| rate(run, route, count, 1))?;
                Ok(vec![one, cpu / count as f64, rate(run, &mut lane.route, count, 4)?])
            });
        }
    }
    lanes.close(&mut table);
    Ok(table)
}

/// Returns the connections per second.
fn rate(run: &Run, route: &mut Route, count: u64, threads: u64) -> Result<f64> {
    let line = format!("connect --size 8 --count {count} --clients {threads}");
    Ok(route.bench(run, &line, &["messages_per_second_median"])?[0])
}
