use super::TimeLimits;
use crate::{
    diag::Failure,
    system::{CAN_SPLICE, command::HAS_SIGHUP},
};
use local_socket::Directions;
use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// What the end of file of one direction does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Eof {
    /// Half-close: the end of file is sent, and the other direction continues to its own end.
    Half,
    /// Both directions end, after what was read has been delivered.
    Close,
    /// The end of file is not sent, and the other direction continues.
    Wait,
}

/// The meaning of messages of zero bytes that arrive through a pipe.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum EmptyMessages {
    /// The end of file. It is sent in the same way.
    Eof,
    /// Data, of which there is none: they are skipped. The end of file is not sent.
    Data,
}

/// How bytes are moved.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum CopyMode {
    /// Splices where possible.
    Auto,
    /// Splices within the kernel; an error where that is not possible (Linux).
    Splice,
    /// Copies through a buffer.
    Buffer,
}

/// How bytes are moved between the two ends of a connection, and when the transfer ends.
#[derive(Clone, Debug)]
pub(crate) struct TransferOptions {
    pub(crate) sends: bool,
    pub(crate) receives: bool,
    pub(crate) eof: Eof,
    pub(crate) empty_messages: EmptyMessages,
    pub(crate) linger: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) max_time: Option<Duration>,
    /// Whether a peer that closes may leave bytes unread.
    pub(crate) ignores_unread: bool,
    /// Whether a command is told that its client has closed.
    pub(crate) hangs_up: bool,
    pub(crate) copy: CopyMode,
    pub(crate) buffer: Option<usize>,
}

impl TransferOptions {
    /// Returns the time limits. `--linger` is about the direction that remains when the other one
    /// has ended: if only one is used, there is none.
    pub(crate) fn limits(&self) -> TimeLimits {
        let has_both = self.sends && self.receives;
        let Self { idle, linger, max_time, .. } = *self;
        TimeLimits { idle, linger: linger.filter(|_| has_both), max_time }
    }

    /// Returns the directions in which the connection to a server is used.
    pub(crate) fn directions(&self) -> Directions {
        match (self.sends, self.receives) {
            (true, true) => Directions::Both,
            (true, false) => Directions::Send,
            (false, _) => Directions::Receive,
        }
    }

    /// Returns whether a time limit is set.
    pub(crate) fn is_timed(&self) -> bool {
        self.linger.is_some() || self.idle.is_some() || self.max_time.is_some()
    }

    /// Rejects `--ignore-unread` if nothing is sent to a peer.
    ///
    /// # Errors
    /// `Usage`.
    pub(crate) fn check_unread(&self) -> Result<(), Failure> {
        if self.ignores_unread && !self.sends {
            return Err(Failure::Usage(
                "--ignore-unread is about what is sent to the peer: with --recv-only nothing is"
                    .into(),
            ));
        }
        Ok(())
    }

    /// Returns the options with `--hangup`, if it is given.
    ///
    /// # Errors
    /// `Unsupported` on Windows. `Usage` without the direction from the command to its client, in
    /// which the client's close is noticed; `sends_to_client` is whether it is used.
    pub(crate) fn with_hangup(
        self,
        is_given: bool,
        sends_to_client: bool,
    ) -> Result<Self, Failure> {
        if is_given && !HAS_SIGHUP {
            return Err(Failure::Unsupported {
                option: "--hangup",
                why: "a command cannot get SIGHUP on Windows",
            });
        }
        if is_given && !sends_to_client {
            return Err(Failure::Usage(
                "--hangup needs the direction to the client, which shows that it has closed".into(),
            ));
        }
        Ok(Self { hangs_up: is_given, ..self })
    }

    /// Returns the options for the connection between the standard streams and a relay, which
    /// applies the time limits, knows which losses are excused, and reads the messages of its peers.
    pub(crate) fn within_a_relay(&self) -> Self {
        Self {
            linger: None,
            idle: None,
            max_time: None,
            ignores_unread: false,
            hangs_up: false,
            copy: CopyMode::Auto,
            empty_messages: EmptyMessages::Eof,
            ..self.clone()
        }
    }

    /// Returns whether bytes may be moved within the kernel.
    pub(crate) fn may_splice(&self) -> bool {
        CAN_SPLICE && self.copy != CopyMode::Buffer
    }

    /// Returns whether no option requires that the bytes pass through this process.
    pub(crate) fn is_plain(&self) -> bool {
        self.sends
            && self.receives
            && self.eof == Eof::Half
            && self.empty_messages == EmptyMessages::Eof
            && !self.is_timed()
            && !self.hangs_up
            && self.copy == CopyMode::Auto
            && self.buffer.is_none()
    }
}

/// For `--explain`.
impl Display for TransferOptions {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let directions = match (self.sends, self.receives) {
            (true, true) => "both",
            (true, false) => "send only",
            (false, _) => "receive only",
        };
        let limit = |limit: Option<Duration>| {
            limit.map_or("no limit".to_owned(), |limit| {
                humantime::format_duration(limit).to_string()
            })
        };
        let eof = match self.eof {
            Eof::Half => "half-close: the other direction goes on",
            Eof::Close => "close: the other direction ends too",
            Eof::Wait => "wait: the end of file is not sent",
        };
        let copy = match self.copy {
            CopyMode::Auto => "splice where it is possible",
            CopyMode::Splice => "splice",
            CopyMode::Buffer => "through a buffer",
        };
        writeln!(f, "directions   {directions}")?;
        writeln!(f, "end of file  {eof}")?;
        if self.empty_messages == EmptyMessages::Data {
            writeln!(f, "empty        messages are skipped, and none is sent")?;
        }
        writeln!(f, "linger       {}", limit(self.linger))?;
        writeln!(f, "if idle      {}", limit(self.idle))?;
        writeln!(f, "whole time   {}", limit(self.max_time))?;
        if self.ignores_unread {
            writeln!(f, "unread       no failure if the peer has closed")?;
        }
        if self.hangs_up {
            writeln!(f, "hang-up      the command gets SIGHUP when its client has closed")?;
        }
        match self.buffer {
            Some(buffer) => writeln!(f, "copy         {copy}, {buffer} bytes at a time"),
            None => writeln!(f, "copy         {copy}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linger_is_about_two_directions() {
        let options = |sends, receives| TransferOptions {
            sends,
            receives,
            eof: Eof::Half,
            empty_messages: EmptyMessages::Eof,
            linger: Some(Duration::from_secs(1)),
            idle: None,
            max_time: None,
            ignores_unread: false,
            hangs_up: false,
            copy: CopyMode::Auto,
            buffer: None,
        };
        assert!(options(true, true).limits().linger.is_some());
        assert!(options(true, false).limits().linger.is_none());
        assert!(options(false, true).limits().linger.is_none());
    }
}
