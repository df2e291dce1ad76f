//! Whether a connection to a name succeeds: `--probe`.

use crate::{
    deadline::Deadline,
    diag::{Outcome, SocketFailure},
    system::{connect_probe, examine, examine_further},
};
use local_socket::Name;
use std::{
    io, thread,
    time::{Duration, Instant},
};

/// First and longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

/// Connects to names until a time that they share.
#[derive(Debug)]
pub(crate) struct Prober {
    /// The end of the attempts; `None` for one attempt each.
    deadline: Option<Deadline>,
}

/// The result of connecting to a name.
#[derive(Debug)]
pub(crate) enum ProbeResult {
    Accepted,
    /// The only attempt failed.
    Failed(SocketFailure),
    /// The time is over; the last attempt failed.
    TimedOut(SocketFailure),
}

impl ProbeResult {
    /// Returns the outcome that decides the exit status.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Accepted => Outcome::Done,
            Self::Failed(_) => Outcome::Absent,
            Self::TimedOut(_) => Outcome::ProbeTimedOut,
        }
    }
}

impl Prober {
    /// Starts the time that the attempts may take; `None` for one attempt without waiting.
    pub(crate) fn start(limit: Option<Duration>) -> Self {
        Self { deadline: limit.map(Deadline::from_now) }
    }

    /// Connects to the name, again and again until the deadline: every error can pass while a server
    /// starts, also a missing permission, which many servers set after they have bound their name.
    pub(crate) fn probe(&self, name: &Name<'_>) -> ProbeResult {
        let (mut pause, longest) = PAUSES;
        loop {
            let rest = self
                .deadline
                .map(|deadline| deadline.rest(Instant::now()).unwrap_or(Duration::MAX));
            let wait = rest.filter(|rest| !rest.is_zero());
            let Err(error) = connect_probe::attempt(name, wait) else {
                return ProbeResult::Accepted;
            };
            let Some(deadline) = self.deadline else {
                return ProbeResult::Failed(explained(error));
            };
            let rest = deadline.rest(Instant::now()).unwrap_or(Duration::MAX);
            if rest.is_zero() {
                return ProbeResult::TimedOut(explained(error));
            }
            tracing::debug!(%error, "trying again");
            thread::sleep(rest.min(pause));
            pause = (pause * 2).min(longest);
        }
    }
}

fn explained(error: io::Error) -> SocketFailure {
    let mut failure = examine(error);
    examine_further(&mut failure);
    failure
}
