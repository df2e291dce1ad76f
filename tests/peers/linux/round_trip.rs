//! The time that a message of 64 B takes there and back, through a relay to a server with a
//! blocking thread for each connection.
//!
//! The client is `lsock bench latency`: one message is under way at a time, and every answer is
//! compared. It is measured once with the processes on any CPU, and once with all of them (client,
//! relay, server) on one CPU: in the first case a message mostly waits for another CPU to wake up.

use super::{
    Run,
    lanes::Lanes,
    one_cpu::on_one_cpu,
    relays::Relay,
    route::Route,
    summary::Better,
    table::{Column, Table},
};
use anyhow::Result;

const RELAYS: [Relay; 5] = [Relay::Direct, Relay::Epoll, Relay::Lsock, Relay::Socat, Relay::Proxyd];
const COUNT: u64 = 10_000;

pub(super) fn tables(run: &Run) -> Result<Vec<Table>> {
    let p50 = || Column::precise("p50 in µs", 1);
    let cpu = || Column::precise("CPU of the relay in µs", 2);
    let anywhere = table(run, "A message of 64 B there and back", p50(), cpu())?;
    let p50 = p50().summary("relay, round trip of 64 B on one CPU, p50 in µs", Better::Less);
    let cpu = cpu().summary("relay, round trip of 64 B on one CPU, CPU in µs", Better::Less);
    let title = "The same with all processes on one CPU";
    let pinned = on_one_cpu(|| table(run, title, p50, cpu))?;
    Ok(vec![anywhere, pinned])
}

fn table(run: &Run, title: &str, p50: Column, cpu: Column) -> Result<Table> {
    let mut table = Table::new(
        title,
        format!("{COUNT} messages in each round, one at a time."),
        Relay::Epoll.name(),
        vec![p50, Column::new("p99 in µs", 1), cpu],
    );
    let mut lanes = Lanes::open(run, "echo-threads", &RELAYS)?;
    for lane in &mut lanes.lanes {
        lane.row.check(|| times(run, &mut lane.route, 1000).map(drop));
    }
    for _ in 0..run.rounds {
        for lane in &mut lanes.lanes {
            lane.row.record(|| {
                let count = run.count(COUNT);
                let (mut figures, cpu) = lane.route.with_cpu(|route| times(run, route, count))?;
                figures.push(cpu / count as f64);
                Ok(figures)
            });
        }
    }
    lanes.close(&mut table);
    Ok(table)
}

/// Returns p50 and p99 in microseconds.
fn times(run: &Run, route: &mut Route, count: u64) -> Result<Vec<f64>> {
    let line = format!("latency --size 64 --count {count}");
    let times = route.bench(run, &line, &["p50_nanoseconds", "p99_nanoseconds"])?;
    Ok(times.into_iter().map(|nanoseconds| nanoseconds / 1e3).collect())
}
