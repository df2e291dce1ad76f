//! Descriptors that are sent with the bytes of a local socket (`SCM_RIGHTS`, `unix(7)`).

use crate::system::PassedDescriptor;
use local_socket::{
    Stream,
    error::LostFds,
    os::unix::{MAX_PASSED_FDS, recv_with_fds, send_with_fds},
};
use rustix::io::Errno;
use std::{
    fs, io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Sleep, sleep};

/// The descriptors of one direction of a transfer: passed on, or closed.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    passes: bool,
    /// Descriptors of the bytes that are written next.
    held: Vec<OwnedFd>,
    /// The first of the bytes that follow with other descriptors, if it has been read.
    head: Option<Box<Head>>,
    lost: Lost,
    /// The pause before the held descriptors are sent again, if too many were in flight.
    pause: Option<Pause>,
}

/// A byte that came with descriptors, and the number of bytes that were sent together with it.
#[derive(Debug)]
struct Head {
    byte: u8,
    fds: Vec<OwnedFd>,
    rest: usize,
}

/// A pause between two attempts to send descriptors.
#[derive(Debug)]
struct Pause {
    length: Duration,
    timer: Pin<Box<Sleep>>,
}

/// The first pause, which is doubled for each further attempt, and the longest one.
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(256);

/// Maximum number of bytes that are read one by one in a call.
const SLOW: usize = 2048;

/// Whether descriptors were lost, and whether the loss was reported.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Lost {
    #[default]
    No,
    New,
    Reported,
}

impl Descriptors {
    /// Whether this system can send descriptors with data.
    pub(crate) const ARE_PASSED: bool = true;

    pub(crate) fn new(passes: bool) -> Self {
        Self { passes, ..Self::default() }
    }

    /// Returns whether the next bytes are written with descriptors.
    pub(crate) fn are_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Describes the descriptors of the next bytes, by the links of `/proc/self/fd` (`proc(5)`).
    pub(crate) fn describe(&self) -> Vec<PassedDescriptor> {
        let describe = |fd: &OwnedFd| {
            let number = fd.as_raw_fd();
            let link = fs::read_link(format!("/proc/self/fd/{number}")).ok();
            let link = link.map(|link| link.to_string_lossy().into_owned());
            PassedDescriptor { number, link }
        };
        self.held.iter().map(describe).collect()
    }

    /// Returns whether descriptors were lost, once.
    pub(crate) fn were_lost(&mut self) -> bool {
        let is_new = self.lost == Lost::New;
        if is_new {
            self.lost = Lost::Reported;
        }
        is_new
    }

    /// Returns whether a byte was read that is not in the buffer of the caller.
    pub(crate) fn hold_a_byte(&self) -> bool {
        self.head.is_some()
    }

    /// Reads from a stream, and closes descriptors that arrive.
    pub(crate) fn read(&mut self, stream: &Stream, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(stream.as_fd(), buffer).map(|(read, _)| read)
    }

    fn lose(&mut self) {
        if self.lost == Lost::No {
            self.lost = Lost::New;
        }
    }

    /// Returns whether descriptors are passed on.
    pub(super) fn are_passed(&self) -> bool {
        self.passes
    }

    /// Reads. The system closes descriptors that arrive. Also returns whether there were any.
    pub(super) fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        buffer: &mut [u8],
    ) -> io::Result<(usize, bool)> {
        let (bytes, has_lost) = lsock_startup::receive(socket, buffer, false)?;
        if has_lost {
            self.lose();
        }
        Ok((bytes, has_lost))
    }

    /// Reads so that descriptors arrive with the first byte of the result, or not at all. A plain
    /// read returns them together with bytes that were sent before. `MSG_PEEK` shows whether
    /// descriptors arrive and where the bytes that were sent with them end, but not where they
    /// start; so the bytes before them are read one by one.
    pub(super) fn receive_with(
        &mut self,
        socket: BorrowedFd<'_>,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        if let Some(head) = self.head.take() {
            let Head { byte, fds, rest } = *head;
            buffer[0] = byte;
            self.held = fds;
            let end = buffer.len().min(1 + rest);
            return Ok(1 + rest_of(socket, &mut buffer[1..end]));
        }
        let (waiting, fds_come) = lsock_startup::receive(socket, buffer, true)?;
        if !fds_come {
            return Ok(lsock_startup::receive(socket, &mut buffer[..waiting], false)?.0);
        }
        for position in 0..waiting.min(SLOW) {
            let mut fds = Vec::new();
            let byte = &mut buffer[position..=position];
            match recv_with_fds(socket, byte, &mut fds, MAX_PASSED_FDS) {
                Ok(_) => {}
                Err(error) if LostFds::of(&error).is_some() => self.lose(),
                // The error occurs again at the next read.
                Err(_) if position > 0 => return Ok(position),
                Err(error) => return Err(error),
            }
            if !fds.is_empty() && position == 0 {
                self.held = fds;
                return Ok(1 + rest_of(socket, &mut buffer[1..waiting]));
            }
            if !fds.is_empty() {
                let (byte, rest) = (buffer[position], waiting - position - 1);
                self.head = Some(Box::new(Head { byte, fds, rest }));
                return Ok(position);
            }
        }
        Ok(waiting.min(SLOW))
    }

    /// Writes, and sends the descriptors with the first byte.
    pub(super) fn send(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        let fds: Vec<_> = self.held.iter().map(AsFd::as_fd).collect();
        let sent = send_with_fds(socket, bytes, &fds);
        if sent.is_ok() {
            self.held = Vec::new();
            self.pause = None;
        }
        sent
    }

    /// Starts the pause before the next attempt to send, if the error is that too many descriptors
    /// of this user are in flight: sent by any process and not received yet (`ETOOMANYREFS`,
    /// `unix(7)`). No event reports that there are fewer. Returns whether that is the error.
    pub(super) fn pauses_after(&mut self, error: &io::Error) -> bool {
        if Errno::from_io_error(error) != Some(Errno::TOOMANYREFS) {
            return false;
        }
        let length = match &self.pause {
            Some(pause) => (2 * pause.length).min(LONGEST_PAUSE),
            None => {
                tracing::debug!("too many descriptors are in flight for this user: trying again");
                PAUSE
            }
        };
        self.pause = Some(Pause { length, timer: Box::pin(sleep(length)) });
        true
    }

    /// Waits for the end of the pause, if there is one.
    pub(super) fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.timer.as_mut().poll(cx));
        }
        Poll::Ready(())
    }
}

/// Reads bytes that `MSG_PEEK` has shown.
fn rest_of(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> usize {
    if buffer.is_empty() {
        return 0;
    }
    // An error occurs again at the next read.
    lsock_startup::receive(socket, buffer, false).map_or(0, |(bytes, _)| bytes)
}
