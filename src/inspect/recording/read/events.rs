use super::{
    CaptureError, CaptureFile, CaptureStep, CapturedPacket, CapturedSegment, ConnectionTracker,
    StreamEvent, unreadable,
};
use crate::{diag::Failure, transfer::Role};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::Duration,
};

/// The events of one connection, which are read from the file as they are needed.
#[derive(Debug)]
pub(crate) struct ConnectionEvents {
    path: PathBuf,
    capture: CaptureFile,
    tracker: ConnectionTracker,
    ordinal: u64,
    bytes_of: Role,
    ready: VecDeque<RecordedEvent>,
    /// Whether the file has no further event of the connection.
    is_over: bool,
    /// The ends whose end of file was read.
    ended: [bool; 2],
}

/// An event of a recorded connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordedEvent {
    /// Time since 1970.
    pub(crate) time: Duration,
    pub(crate) action: RecordedAction,
}

/// What happened in a recorded connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordedAction {
    Opened,
    /// An end has sent so many bytes. `bytes` is empty unless the bytes of this end are read.
    Chunk {
        from: Role,
        length: u64,
        bytes: Vec<u8>,
    },
    /// An end has sent its end of file.
    Ended(Role),
    /// An end has reset the connection.
    Reset(Role),
}

impl ConnectionEvents {
    pub(super) fn open(path: &Path, ordinal: u64, bytes_of: Role) -> Result<Self, Failure> {
        let capture = CaptureFile::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            capture,
            tracker: ConnectionTracker::default(),
            ordinal,
            bytes_of,
            ready: VecDeque::new(),
            is_over: false,
            ended: [false; 2],
        })
    }

    /// Returns the next event; `None` if there is none.
    ///
    /// # Errors
    /// `Advised` if the file cannot be read any more.
    pub(crate) fn next(&mut self) -> Result<Option<RecordedEvent>, Failure> {
        while self.ready.is_empty() && !self.is_over {
            self.read().map_err(|error| unreadable(&self.path, &error))?;
        }
        Ok(self.ready.pop_front())
    }

    /// Reads one block of the file.
    fn read(&mut self) -> Result<(), CaptureError> {
        let Self { capture, tracker, ordinal, bytes_of, ready, is_over, ended, .. } = self;
        let mut see = |packet: CapturedPacket<'_>| {
            let Some(segment) = CapturedSegment::of(&packet) else { return };
            tracker.add(&segment, &mut |of, event| {
                if of != *ordinal {
                    return;
                }
                let action = match event {
                    StreamEvent::Opened(_) => RecordedAction::Opened,
                    StreamEvent::Chunk { from, bytes } => {
                        let length = bytes.len() as u64;
                        let bytes = if from == *bytes_of { bytes.to_vec() } else { Vec::new() };
                        RecordedAction::Chunk { from, length, bytes }
                    }
                    StreamEvent::Ended(role) => {
                        ended[role.index()] = true;
                        *is_over = *ended == [true; 2];
                        RecordedAction::Ended(role)
                    }
                    StreamEvent::Reset(role) => {
                        *is_over = true;
                        RecordedAction::Reset(role)
                    }
                    StreamEvent::Gap(..) => {
                        *is_over = true;
                        return;
                    }
                };
                ready.push_back(RecordedEvent { time: packet.time, action });
            });
        };
        if capture.step(&mut see)? != CaptureStep::Continues {
            *is_over = true;
        }
        Ok(())
    }
}
