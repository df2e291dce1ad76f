//! Plays one end of a connection. Two tasks read the recording on their own: one sends, the other
//! one compares what arrives. So each direction goes on while the other one waits, and no more than
//! a packet of the recording is in memory.

use super::{
    difference::{Difference, DifferenceKind},
    pace::Pace,
    progress::{ArrivalProgress, SendProgress},
};
use crate::{
    diag::Failure, inspect::recording::read::ConnectionEvents, system::Socket, transfer::Role,
};
use std::{
    cell::RefCell,
    io::{self, ErrorKind},
    time::{Duration, Instant},
};
use tokio::{sync::watch, try_join};

/// How a recorded connection is played.
#[derive(Copy, Clone, Debug)]
pub(crate) struct ReplaySettings {
    /// The end that is played.
    pub(crate) role: Role,
    pub(crate) pace: Pace,
    /// How much later than recorded an answer may arrive.
    pub(crate) patience: Duration,
}

/// The reason why a connection did not go as recorded.
#[derive(Debug)]
pub(crate) enum Mismatch {
    Difference(Difference),
    /// An answer has not arrived in time. `offset` is the number of bytes until then.
    Late {
        offset: u64,
    },
    /// The other end does not take what is sent. `sent` is the number of bytes that it has taken.
    Stuck {
        sent: u64,
    },
    Failed(Failure),
}

/// A connection that is being played.
pub(super) struct Player {
    /// Borrowed only while it is polled.
    pub(super) socket: RefCell<Socket>,
    pub(super) settings: ReplaySettings,
    pub(super) sends: watch::Sender<SendProgress>,
    pub(super) arrives: watch::Sender<ArrivalProgress>,
}

/// Plays one end of a recorded connection. `to_send` has the bytes of the played end, `to_compare`
/// those of the other one.
///
/// # Errors
/// The first difference, or why the connection did not go on.
pub(crate) async fn play(
    socket: Socket,
    [to_send, to_compare]: [ConnectionEvents; 2],
    settings: ReplaySettings,
) -> Result<(), Mismatch> {
    let player = Player {
        socket: RefCell::new(socket),
        settings,
        sends: watch::Sender::new(SendProgress::new(Instant::now())),
        arrives: watch::Sender::new(ArrivalProgress::default()),
    };
    let (unsent, mut comparison) =
        try_join!(player.send_all(to_send), player.compare_all(to_compare))?;
    match unsent {
        None => Ok(()),
        Some((sent, error)) => {
            let kind = DifferenceKind::NotRead { sent, error };
            Err(Mismatch::Difference(comparison.difference(kind, &[])))
        }
    }
}

/// Returns whether the other end has closed the connection.
pub(super) fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
    )
}

pub(super) fn failed(what: &'static str, error: io::Error) -> Mismatch {
    Mismatch::Failed(Failure::Io { what, error })
}

impl From<Failure> for Mismatch {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
