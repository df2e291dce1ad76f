use super::{
    pace::Schedule,
    play::{Mismatch, Player, failed, is_closed},
    progress::{ArrivalProgress, SendProgress},
};
use crate::{
    deadline::Deadline,
    inspect::recording::read::{ConnectionEvents, RecordedAction, RecordedEvent},
    system::Descriptors,
};
use std::{
    future::poll_fn,
    io,
    time::{Duration, Instant},
};
use tokio::{select, task::yield_now, time::sleep_until};

impl Player {
    /// Sends everything. Returns how much was sent and the error if the other end does not take
    /// all of it, unless it has reset the connection in the recording as well.
    pub(super) async fn send_all(
        &self,
        mut events: ConnectionEvents,
    ) -> Result<Option<(u64, io::Error)>, Mismatch> {
        let mut arrivals = self.arrives.subscribe();
        let mut schedule = Schedule::start(self.settings.pace, Duration::ZERO, Instant::now());
        // Bytes and ends of the other end, as recorded until now.
        let mut expected = ArrivalProgress::default();
        let mut unsent = None;
        let mut next = events.next()?;
        while let Some(RecordedEvent { time, action }) = next {
            next = events.next()?;
            match action {
                RecordedAction::Opened => {
                    schedule = Schedule::start(self.settings.pace, time, Instant::now());
                }
                // It does not take what is sent after its reset in the recording either.
                RecordedAction::Reset(role) if role != self.settings.role && unsent.is_some() => {
                    unsent = None;
                }
                _ if unsent.is_some() => {}
                // lsock has ended the recorded connection: neither end has waited for the other one.
                RecordedAction::Ended(role)
                    if role != self.settings.role && is_end_at(next.as_ref(), time) => {}
                RecordedAction::Chunk { from, bytes, .. } if from == self.settings.role => {
                    wait_until(schedule.due(time)).await;
                    schedule.sends(time);
                    // A slow receiver has the time that it had in the recording.
                    let pause = next.as_ref().map(|next| next.time.saturating_sub(time));
                    unsent = self.send(&bytes, pause.unwrap_or_default()).await?;
                    self.sends.send_modify(|progress| progress.end_event(unsent.is_some()));
                }
                RecordedAction::Ended(role) if role == self.settings.role => {
                    wait_until(schedule.due(time)).await;
                    schedule.sends(time);
                    // It fails if the other end has closed, which the comparison sees.
                    let _ = poll_fn(|cx| self.socket.borrow_mut().poll_shutdown(cx)).await;
                    self.sends.send_modify(|progress| progress.end_event(false));
                }
                RecordedAction::Reset(role) if role == self.settings.role => {
                    wait_until(schedule.due(time)).await;
                }
                RecordedAction::Chunk { .. }
                | RecordedAction::Ended(_)
                | RecordedAction::Reset(_) => {
                    expected.add(&action);
                    if !arrivals.borrow_and_update().has(expected) {
                        // The sender of the progress lives as long as this.
                        let _ = arrivals.wait_for(|progress| progress.has(expected)).await;
                        schedule.arrives(time, Instant::now());
                    }
                }
            }
        }
        self.sends.send_modify(SendProgress::end);
        Ok(unsent)
    }

    /// Sends bytes. Returns the number of all bytes that were sent, and the error, if the other end
    /// has closed.
    async fn send(
        &self,
        bytes: &[u8],
        pause: Duration,
    ) -> Result<Option<(u64, io::Error)>, Mismatch> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let arrived = *self.arrives.borrow();
            let write = poll_fn(|cx| {
                self.socket.borrow_mut().poll_write(cx, rest, &mut Descriptors::new(false))
            });
            let limit = Deadline::from_now(self.settings.patience.saturating_add(pause));
            let written = select! {
                biased;
                written = write => written,
                () = limit.reached() => {
                    // It may send before it reads more.
                    if *self.arrives.borrow() != arrived {
                        continue;
                    }
                    return Err(Mismatch::Stuck { sent: self.sent() });
                }
            };
            match written {
                Ok(written) => {
                    rest = &rest[written..];
                    self.sends.send_modify(|progress| progress.add(written as u64, Instant::now()));
                    // The comparison goes on, also if the socket always takes more.
                    yield_now().await;
                }
                Err(error) if is_closed(&error) => return Ok(Some((self.sent(), error))),
                Err(error) => return Err(failed("cannot send", error)),
            }
        }
        Ok(None)
    }

    fn sent(&self) -> u64 {
        self.sends.borrow().bytes()
    }
}

/// Waits until something is due. Timers of the event loop have milliseconds (`tokio::time`), which
/// would add up in a conversation of many short exchanges.
async fn wait_until(due: Deadline) {
    const TIMER: Duration = Duration::from_millis(1);
    let Some(at) = due.instant() else { return due.reached().await };
    if let Some(before) = at.checked_sub(TIMER)
        && before > Instant::now()
    {
        sleep_until(before.into()).await;
    }
    while Instant::now() < at {
        yield_now().await;
    }
}

/// Returns whether an event is an end of file at this time.
fn is_end_at(event: Option<&RecordedEvent>, at: Duration) -> bool {
    event.is_some_and(|event| event.time == at && matches!(event.action, RecordedAction::Ended(_)))
}
