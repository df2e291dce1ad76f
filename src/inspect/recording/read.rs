//! Reads the connections of a recording, of lsock or of another program that captures packets.

mod capture;
mod events;
mod segment;
mod stream_order;
mod tracker;

pub(crate) use events::{ConnectionEvents, RecordedAction, RecordedEvent};

use self::{
    capture::{CaptureError, CaptureFile, CaptureStep, CapturedPacket},
    segment::CapturedSegment,
    stream_order::Gap,
    tracker::{AddressPair, ConnectionTracker, StreamEvent},
};
use super::comment;
use crate::{
    diag::{Failure, USAGE, counted},
    transfer::Role,
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

/// A recording that was read once: the connections in it.
#[derive(Debug)]
pub(crate) struct RecordingFile {
    /// The path as typed.
    path: PathBuf,
    connections: Vec<ConnectionSummary>,
    ends_early: bool,
    /// Number of connections whose beginning is not in the file.
    unbegun: usize,
    /// A link type whose packets cannot be read, if there was one.
    unknown_link: Option<u32>,
}

/// A connection of a recording.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionSummary {
    /// The number by which it is chosen.
    pub(crate) number: u64,
    /// The names and processes of its ends.
    pub(crate) description: String,
    /// Number of bytes that the client has sent.
    pub(crate) to_server: u64,
    /// Number of bytes that the server has sent.
    pub(crate) to_client: u64,
    /// Time from its beginning to its last event.
    pub(crate) duration: Duration,
    /// Its number in the order of beginnings, from 1.
    ordinal: u64,
    begun: Duration,
    /// Whether the end of what the client and the server send was recorded.
    has_ends: [bool; 2],
    gap: Option<(Role, Gap)>,
}

impl RecordingFile {
    /// Opens a recording and reads it once.
    ///
    /// # Errors
    /// `Advised`, with the status of wrong usage, if the file cannot be read or is no recording.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let mut file = Self {
            path: path.to_owned(),
            connections: Vec::new(),
            ends_early: false,
            unbegun: 0,
            unknown_link: None,
        };
        file.read().map_err(|error| unreadable(path, &error))?;
        Ok(file)
    }

    fn read(&mut self) -> Result<(), CaptureError> {
        let mut capture = CaptureFile::open(&self.path)?;
        let mut tracker = ConnectionTracker::default();
        let mut numbers = Vec::new();
        let step = loop {
            let step = capture.step(&mut |packet| {
                if !segment::is_known(packet.link) {
                    self.unknown_link = Some(packet.link.into());
                }
                let Some(segment) = CapturedSegment::of(&packet) else { return };
                tracker.add(&segment, &mut |ordinal, event| {
                    if let StreamEvent::Opened(addresses) = event {
                        let parsed = packet.comment.and_then(comment::parse);
                        numbers.extend(parsed.map(|(number, _)| number));
                        let ends = parsed.map(|(_, ends)| ends);
                        let new = ConnectionSummary::new(ordinal, packet.time, addresses, ends);
                        self.connections.push(new);
                    } else if let Some(connection) = summary(&mut self.connections, ordinal) {
                        connection.add(packet.time, &event);
                    }
                });
            })?;
            if step != CaptureStep::Continues {
                break step;
            }
        };
        tracker.finish(&mut |ordinal, event| {
            if let Some(connection) = summary(&mut self.connections, ordinal) {
                connection.add(Duration::ZERO, &event);
            }
        });
        self.ends_early = step == CaptureStep::EndsEarly;
        self.unbegun = tracker.unbegun();
        // The numbers that lsock has shown when it recorded, unless recordings were merged.
        let all: HashSet<u64> = numbers.iter().copied().collect();
        if all.len() == self.connections.len() && numbers.len() == all.len() {
            for (connection, number) in self.connections.iter_mut().zip(numbers) {
                connection.number = number;
            }
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn connections(&self) -> &[ConnectionSummary] {
        &self.connections
    }

    /// Returns whether the file ends within a block.
    pub(crate) fn ends_early(&self) -> bool {
        self.ends_early
    }

    /// Returns the connection with this number, or the only one.
    ///
    /// # Errors
    /// `Advised`, with the status of wrong usage, if there is none, there are several, or bytes of it
    /// are missing.
    pub(crate) fn choose(&self, number: Option<u64>) -> Result<&ConnectionSummary, Failure> {
        let path = self.path.display();
        let refused = |message: String, hint: Option<&str>| Failure::Advised {
            message,
            hint: hint.map(str::to_owned),
            status: USAGE,
        };
        let count = self.connections.len() as u64;
        let chosen = match (number, self.connections.as_slice()) {
            (_, []) => {
                let why = self.why_empty();
                return Err(refused(format!("cannot replay {path}: {why}"), None));
            }
            (None, [only]) => only,
            (None, _) => {
                let message = format!("{path} has {}", counted(count, "connection"));
                return Err(refused(message, Some("--connection N picks one")));
            }
            (Some(number), all) => match all.iter().find(|it| it.number == number) {
                Some(chosen) => chosen,
                None => {
                    let has = counted(count, "connection");
                    let message = format!("{path} has no connection {number}, but {has}");
                    return Err(refused(message, Some("--connection N picks one")));
                }
            },
        };
        if let Some((role, gap)) = chosen.gap {
            let (sender, number) = (role_name(role), chosen.number);
            let length = counted(gap.length, "byte");
            let (why, hint) = if gap.is_cut {
                let hint = "capture whole packets (`tcpdump -s 0`)";
                ("packets were cut off when they were captured", Some(hint))
            } else {
                ("packets were lost when they were captured", None)
            };
            return Err(refused(
                format!(
                    "cannot replay connection {number} of {path}: {length} of what the {sender} sent \
                     are missing at offset {}: {why}",
                    gap.offset
                ),
                hint,
            ));
        }
        Ok(chosen)
    }

    /// Returns the reason why there are no connections.
    fn why_empty(&self) -> String {
        match (self.unbegun as u64, self.unknown_link) {
            (0, None) => "it has no connections".to_owned(),
            (0, Some(link)) => format!(
                "packets of link type {link} are not known; Ethernet, Linux cooked capture, \
                 loopback and raw IP are"
            ),
            (count, _) => {
                format!("the beginning of {} was not captured", counted(count, "connection"))
            }
        }
    }

    /// Reads the events of a connection from the beginning. The bytes of only one end are copied.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn events(
        &self,
        connection: &ConnectionSummary,
        bytes_of: Role,
    ) -> Result<ConnectionEvents, Failure> {
        ConnectionEvents::open(&self.path, connection.ordinal, bytes_of)
    }
}

impl ConnectionSummary {
    fn new(ordinal: u64, time: Duration, addresses: AddressPair, ends: Option<&str>) -> Self {
        let AddressPair { client, server } = addresses;
        Self {
            number: ordinal,
            description: ends.map_or_else(|| format!("{client} to {server}"), str::to_owned),
            to_server: 0,
            to_client: 0,
            duration: Duration::ZERO,
            ordinal,
            begun: time,
            has_ends: [false; 2],
            gap: None,
        }
    }

    /// Returns whether the end of what this end sends was recorded, or a reset.
    pub(crate) fn has_end_of(&self, role: Role) -> bool {
        self.has_ends[role.index()]
    }

    /// Returns the number of bytes that this end has sent.
    pub(crate) fn sent_by(&self, role: Role) -> u64 {
        match role {
            Role::Client => self.to_server,
            Role::Server => self.to_client,
        }
    }

    fn add(&mut self, time: Duration, event: &StreamEvent<'_>) {
        self.duration = self.duration.max(time.saturating_sub(self.begun));
        match event {
            StreamEvent::Opened(_) => {}
            StreamEvent::Chunk { from: Role::Client, bytes } => {
                self.to_server += bytes.len() as u64;
            }
            StreamEvent::Chunk { from: Role::Server, bytes } => {
                self.to_client += bytes.len() as u64;
            }
            StreamEvent::Ended(role) => self.has_ends[role.index()] = true,
            StreamEvent::Reset(_) => self.has_ends = [true; 2],
            StreamEvent::Gap(role, gap) => self.gap = self.gap.or(Some((*role, *gap))),
        }
    }
}

/// Returns the name of a role, for messages.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}

fn summary(connections: &mut [ConnectionSummary], ordinal: u64) -> Option<&mut ConnectionSummary> {
    let index = usize::try_from(ordinal).ok()?.checked_sub(1)?;
    connections.get_mut(index)
}

fn unreadable(path: &Path, error: &CaptureError) -> Failure {
    let message = format!("cannot replay {}: {error}", path.display());
    Failure::Advised { message, hint: None, status: USAGE }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
