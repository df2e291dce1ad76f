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
    table::{Column, Table},
};
use anyhow::Result;

const RELAYS: [Relay; 4] = [Relay::Direct, Relay::Lsock, Relay::Socat, Relay::Proxyd];

/// Number of connections in a round.
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
    for lane in &mut lanes.lanes {
        lane.row.check(|| rate(run, &mut lane.route, 200, 4).map(drop));
    }
    for _ in 0..run.rounds {
        for lane in &mut lanes.lanes {
            lane.row.record(|| {
                let one = rate(run, &mut lane.route, COUNT, 1)?;
                Ok(vec![one, rate(run, &mut lane.route, COUNT, 4)?])
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
