use super::{
    comparison::StreamComparison,
    difference::DifferenceKind,
    play::{Mismatch, Player, failed, is_closed},
    progress::SendProgress,
};
use crate::{
    deadline::Deadline,
    inspect::recording::read::{ConnectionEvents, RecordedAction, RecordedEvent},
    system::Descriptors,
};
use std::{
    future::poll_fn,
    time::{Duration, Instant},
};
use tokio::{select, task::yield_now};

/// Number of bytes that are read at a time.
const BUFFER: usize = 64 << 10;

impl Player {
    /// Receives everything and compares it.
    pub(super) async fn compare_all(
        &self,
        mut events: ConnectionEvents,
    ) -> Result<StreamComparison, Mismatch> {
        let mut comparison = StreamComparison::default();
        let mut buffer = vec![0; BUFFER];
        // The received bytes that are not compared yet.
        let mut received = 0..0;
        let mut has_closed = false;
        let mut awaited = AwaitedAnswer::default();
        let mut last = None;
        loop {
            let Some(RecordedEvent { time, action }) = events.next()? else { break };
            awaited.pause = time.saturating_sub(last.unwrap_or(time));
            last = Some(time);
            match action {
                RecordedAction::Chunk { from, bytes, .. } if from != self.settings.role => {
                    comparison.expect(bytes);
                    while comparison.is_waiting() {
                        if received.is_empty() && !has_closed {
                            let read = self.read(&mut buffer, awaited, comparison.offset()).await?;
                            has_closed = read == 0;
                            received = 0..read;
                        }
                        if received.is_empty() {
                            let difference = comparison.difference(DifferenceKind::Ended, &[]);
                            return Err(Mismatch::Difference(difference));
                        }
                        let same = comparison.receive(&buffer[received.clone()]);
                        received.start += same.map_err(Mismatch::Difference)?;
                        self.arrives.send_modify(|progress| progress.bytes = comparison.offset());
                    }
                }
                RecordedAction::Ended(role) | RecordedAction::Reset(role)
                    if role != self.settings.role =>
                {
                    if received.is_empty() && !has_closed {
                        let read = self.read(&mut buffer, awaited, comparison.offset()).await?;
                        has_closed = read == 0;
                        received = 0..read;
                    }
                    if !received.is_empty() {
                        let bytes = &buffer[received];
                        let difference = comparison.difference(DifferenceKind::More, bytes);
                        return Err(Mismatch::Difference(difference));
                    }
                    self.arrives.send_modify(|progress| progress.has_ended = true);
                }
                RecordedAction::Chunk { .. } | RecordedAction::Ended(_) => awaited.after += 1,
                RecordedAction::Opened | RecordedAction::Reset(_) => {}
            }
        }
        // The end was not recorded, or this end closes: what still arrives is not compared, but is
        // read until everything is sent.
        let mut sends = self.sends.subscribe();
        while !has_closed {
            select! {
                read = self.read_some(&mut buffer) => has_closed = read? == 0,
                _ = sends.wait_for(SendProgress::has_ended) => break,
            }
        }
        Ok(comparison)
    }

    /// Reads bytes for the awaited answer; 0 is the end, also by a reset.
    async fn read(
        &self,
        buffer: &mut [u8],
        awaited: AwaitedAnswer,
        offset: u64,
    ) -> Result<usize, Mismatch> {
        let late = async {
            let start = Instant::now();
            let mut sends = self.sends.subscribe();
            let sent = sends.wait_for(|progress| progress.has_sent(awaited.after)).await;
            let start = sent.map_or(start, |progress| progress.time().max(start));
            let limit = self.settings.patience.saturating_add(awaited.pause);
            Deadline::after(start, limit).reached().await;
        };
        select! {
            biased;
            read = self.read_some(buffer) => read,
            () = late => Err(Mismatch::Late { offset }),
        }
    }

    async fn read_some(&self, buffer: &mut [u8]) -> Result<usize, Mismatch> {
        let read = poll_fn(|cx| {
            self.socket.borrow_mut().poll_read(cx, buffer, &mut Descriptors::new(false))
        });
        match read.await {
            Ok(read) => {
                // Sending goes on, also if more has always arrived.
                yield_now().await;
                Ok(read)
            }
            Err(error) if is_closed(&error) => Ok(0),
            Err(error) => Err(failed("cannot receive", error)),
        }
    }
}

/// What an answer waits for.
#[derive(Copy, Clone, Debug, Default)]
struct AwaitedAnswer {
    /// Number of events of the played end before it.
    after: u64,
    /// The recorded time between the event before and the answer.
    pause: Duration,
}
