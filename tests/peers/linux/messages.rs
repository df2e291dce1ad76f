//! Small messages one way: one write for each, without waiting.
//!
//! Client and server are the same as for bulk data: the client times from connecting to the
//! server's answer behind the last message. Received bytes are counted, and a part of long messages
//! is compared; in the first round, with fewer messages, every byte is compared.

use super::{
    Run,
    lanes::Lanes,
    pattern::Check,
    relays::Relay,
    summary::Better,
    table::{Column, Table},
};
use anyhow::Result;

const RELAYS: [Relay; 5] = [Relay::Direct, Relay::Epoll, Relay::Lsock, Relay::Socat, Relay::Proxyd];

/// Sizes in bytes, and the number of messages of that size in a round.
const SIZES: [(u64, u64); 3] = [(64, 200_000), (512, 200_000), (4096, 100_000)];

pub(super) fn table(run: &Run) -> Result<Table> {
    let mut table = Table::new(
        "Small messages through a relay",
        "100,000 to 200,000 writes one way in each round.".to_owned(),
        Relay::Epoll.name(),
        vec![
            Column::new("messages of 64 B per second", 0)
                .summary("relay, stream of messages of 64 B, per second", Better::More),
            Column::new("CPU of the relay in µs", 2)
                .summary("relay, stream of messages of 64 B, CPU in µs for each", Better::Less),
            Column::new("of 512 B per second", 0)
                .summary("relay, stream of messages of 512 B, per second", Better::More),
            Column::new("CPU of the relay in µs", 2)
                .summary("relay, stream of messages of 512 B, CPU in µs for each", Better::Less),
            Column::new("of 4 KiB per second", 0)
                .summary("relay, stream of messages of 4 KiB, per second", Better::More),
            Column::new("CPU of the relay in µs", 2)
                .summary("relay, stream of messages of 4 KiB, CPU in µs for each", Better::Less),
        ],
    );
    let mut lanes = Lanes::open(run, "discard", &RELAYS)?;
    for lane in &mut lanes.lanes {
        for (size, _) in SIZES {
            let bytes = (size * 20_000).to_string();
            lane.check(run, &["send", &bytes, &size.to_string(), Check::Whole.text()]);
        }
    }
    for _ in 0..run.rounds {
        for lane in &mut lanes.lanes {
            lane.row.record(|| {
                let mut rates = Vec::new();
                for (size, count) in SIZES {
                    let count = run.count(count);
                    let (bytes, block) = ((size * count).to_string(), size.to_string());
                    let args = ["send", &bytes, &block, Check::Samples.text()];
                    let (figures, cpu) = lane.route.with_cpu(|route| route.client(run, &args))?;
                    rates.extend([count as f64 / figures[0], cpu / count as f64]);
                }
                Ok(rates)
            });
        }
    }
    lanes.close(&mut table);
    Ok(table)
}
