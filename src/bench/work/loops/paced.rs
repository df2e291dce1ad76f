//! Latency at a given rate: one worker sends messages when they are due, another one takes
//! the answers. What has to wait, for whatever reason, is late from the moment on at which
//! it was due (no coordinated omission).

use super::of_server;
use crate::{
    bench::work::{
        BenchError,
        ends::{Reader, Source as _, Writer},
        pace::Timetable,
        pattern::Pattern,
        tally::{Tally, Work},
    },
    memory,
};
use std::time::Instant;

/// Sends every message of the timetable, and those that are late as soon as it can.
pub(in crate::bench::work) async fn send_paced(
    mut writer: Writer,
    mut pattern: Pattern,
    timetable: Timetable,
    size: usize,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let is_missed_by = timetable.is_missed_by();
    for number in 0..timetable.count() {
        timetable.wait_for(number).await;
        if number == timetable.first() {
            work.is_measured_from_now_on();
        }
        if Instant::now() > is_missed_by {
            return Err(missed(&timetable, number).into());
        }
        writer.write_all(pattern.next(size)).await.map_err(of_server)?;
        work.done(size);
    }
    writer.finish().await.map_err(of_server)?;
    Ok(work.tally().measured_within(timetable.measured()))
}

/// How many messages a second could be sent instead.
fn missed(timetable: &Timetable, sent: u64) -> BenchError {
    let seconds = timetable.due(0).elapsed().as_secs_f64();
    BenchError::TooSlow { reached: (sent as f64 / seconds) as u64 }
}

/// Takes the answers, which have to be as many.
pub(in crate::bench::work) async fn receive_timed(
    mut reader: Reader,
    mut pattern: Pattern,
    timetable: Timetable,
    size: usize,
    mut work: Work,
) -> anyhow::Result<Tally> {
    let mut answer = memory::zeroed(size)?;
    let mut number = 0;
    while reader.fill(&mut answer).await.map_err(of_server)? {
        let late = timetable.due(number).elapsed();
        if number == timetable.first() {
            work.is_measured_from_now_on();
        }
        work.took(late);
        pattern.check(&answer)?;
        work.done(size);
        number += 1;
    }
    if number < timetable.count() {
        return Err(BenchError::ServerClosed.into());
    }
    Ok(work.tally().of_nothing())
}
