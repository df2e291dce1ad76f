//! Latency at a given rate: one worker sends messages when they are due, another one takes
//! the answers. What has to wait, for whatever reason, is late from the moment on at which
//! it was due (no coordinated omission).

use super::of_server;
use crate::bench::work::{
    BenchError,
    ends::{Reader, Writer},
    pace::Timetable,
    pattern::Pattern,
    tally::{Tally, Work},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// What the two workers of a client share.
#[derive(Clone, Debug)]
pub(in crate::bench::work) struct Paced {
    pub(in crate::bench::work) timetable: Timetable,
    pub(in crate::bench::work) size: usize,
    /// The first message after the warm-up.
    first: Arc<AtomicU64>,
}

impl Paced {
    pub(in crate::bench::work) fn new(timetable: Timetable, size: usize) -> Self {
        Self { timetable, size, first: Arc::new(AtomicU64::new(u64::MAX)) }
    }
}

/// A client that is a hundredth behind its timetable does not send at that rate.
const BEHIND: f64 = 0.01;

/// Sends.
pub(in crate::bench::work) async fn send_paced(
    mut writer: Writer,
    mut pattern: Pattern,
    paced: Paced,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let mut number = 0;
    let mut start = None;
    loop {
        paced.timetable.wait_for(number).await;
        if !work.goes_on() {
            break;
        }
        if start.is_none() && work.is_measured() {
            start = Some(Instant::now());
            paced.first.store(number, Ordering::Release);
        }
        writer.write_all(pattern.next(paced.size)).await.map_err(of_server)?;
        work.done(paced.size);
        number += 1;
    }
    let behind = paced.timetable.count(Instant::now()).saturating_sub(number);
    writer.finish().await.map_err(of_server)?;
    let tally = work.tally();
    let sent = tally.measured.messages;
    if let Some(start) = start
        && behind as f64 > (sent as f64 * BEHIND).max(2.0)
    {
        let seconds = (tally.end - start).as_secs_f64();
        return Err(BenchError::TooSlow { reached: (sent as f64 / seconds) as u64 }.into());
    }
    Ok(tally)
}

/// Takes the answers.
pub(in crate::bench::work) async fn receive_timed(
    mut reader: Reader,
    mut pattern: Pattern,
    paced: Paced,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let mut answer = vec![0; paced.size];
    let mut number = 0;
    while reader.fill(&mut answer).await.map_err(of_server)? {
        let late = paced.timetable.due(number).elapsed();
        pattern.check(&answer)?;
        if number >= paced.first.load(Ordering::Acquire) {
            work.took_in_any_case(late);
        }
        work.done(paced.size);
        number += 1;
    }
    Ok(work.tally().of_nothing())
}
