//! Moves bytes between the two ends of a connection.
//!
//! The policy is stated here, once: options, what follows from the end of a direction, time limits,
//! the rule for unread data, the report, and the observer of what moves. Two drivers carry it out:
//! [`threads`] with blocking calls, for standard input and output, and [`tasks`] in event loops, for
//! sockets and hubs.

mod delivery;
mod ending;
mod limits;
mod meter;
mod observer;
mod options;
mod passing;
mod progress;
mod report;
mod stall;
pub(crate) mod tasks;
pub(crate) mod threads;
mod write_stop;

pub(crate) use delivery::{Delivery, DeliveryRule, closed_error, ended_error, peer_has_closed};
use ending::AfterEnd;
pub(crate) use ending::{DirectionEnd, EarlyEnd};
use limits::{TimeLimits, TransferTimes};
use meter::Gauge;
pub(crate) use meter::Meter;
pub(crate) use observer::{
    ClosedConnection, ConnectionEnds, Direction, LoggedConnection, Observation, ObservedDirection,
    ObservedEvent, Observer, Role,
};
pub(crate) use options::{CopyMode, EmptyMessages, Eof, TransferOptions};
pub(crate) use passing::Passing;
pub(crate) use progress::Progress;
use report::DirectionReport;
pub(crate) use report::{Parties, Party, TransferReport, undelivered};
use stall::{Stall, StallWatch};
use write_stop::WriteStop;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
