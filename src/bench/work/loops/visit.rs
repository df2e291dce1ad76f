//! Connection rate: connect, one message there and back, close.

use super::of_server;
use crate::{
    bench::{
        Api,
        work::{
            BenchError,
            address::Address,
            ends::Source as _,
            pattern::Pattern,
            tally::{Tally, Work},
        },
    },
    memory,
};
use std::time::Instant;

/// Whether a visitor waits for an answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::bench::work) enum Visit {
    WithMessage,
    /// It only connects: the server answers nothing.
    Silent,
}

/// A client: connects again and again until the run is over.
pub(in crate::bench::work) async fn visit(
    address: Address,
    api: Api,
    kind: Visit,
    mut pattern: Pattern,
    size: usize,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let mut answers = pattern.clone();
    let mut answer = memory::zeroed(size)?;
    while work.goes_on() {
        let start = Instant::now();
        if kind == Visit::WithMessage {
            let mut connection = address.visit(api).await?;
            connection.write_all(pattern.next(size)).await.map_err(of_server)?;
            if !connection.fill(&mut answer).await.map_err(of_server)? {
                return Err(BenchError::ServerClosed.into());
            }
            work.took(start.elapsed());
            answers.check(&answer)?;
            work.done(size);
        } else {
            let _connection = address.connect(api).await?;
            work.took(start.elapsed());
            work.done(0);
        }
    }
    Ok(work.tally())
}
