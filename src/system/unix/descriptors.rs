//! Descriptors that are sent with the bytes of a local socket (`SCM_RIGHTS`, `unix(7)`).

use local_socket::{
    Stream,
    error::LostFds,
    os::unix::{MAX_PASSED_FDS, recv_with_fds, send_with_fds},
};
use rustix::{
    io::Errno,
    net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, recvmsg},
};
use std::{
    io::{self, IoSliceMut},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
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

    /// Returns how many bytes can be spliced without a descriptor, which would be closed unnoticed.
    /// Returns `None` if the bytes must be read.
    #[cfg(target_os = "linux")]
    pub(super) fn without(socket: BorrowedFd<'_>) -> Option<usize> {
        Self::without_if(socket, || waiting::are_none(socket))
    }

    /// Returns the same as [`without`](Self::without). The caller checks whether descriptors wait.
    #[cfg(target_os = "linux")]
    pub(super) fn without_if(
        socket: BorrowedFd<'_>,
        are_none: impl FnOnce() -> bool,
    ) -> Option<usize> {
        // Of what arrives between the two calls, the bytes are not counted, but descriptors are seen.
        let bytes = rustix::io::ioctl_fionread(socket).ok().filter(|bytes| *bytes > 0)?;
        are_none().then(|| usize::try_from(bytes).unwrap_or(usize::MAX))
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

    /// Reads, and closes descriptors that arrive. Also returns whether there were any.
    pub(super) fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        buffer: &mut [u8],
    ) -> io::Result<(usize, bool)> {
        let (bytes, has_lost) = receive_bytes(socket, buffer, RecvFlags::empty())?;
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
        let (waiting, fds_come) = receive_bytes(socket, buffer, RecvFlags::PEEK)?;
        if !fds_come {
            return Ok(receive_bytes(socket, &mut buffer[..waiting], RecvFlags::empty())?.0);
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

/// Reads or peeks. Also returns whether there were descriptors, which the system closes because
/// there is no buffer for them (`MSG_CTRUNC`).
fn receive_bytes(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: RecvFlags,
) -> io::Result<(usize, bool)> {
    let mut no_room = RecvAncillaryBuffer::default();
    let mut buffers = [IoSliceMut::new(buffer)];
    let message = recvmsg(socket, &mut buffers, &mut no_room, flags)?;
    Ok((message.bytes, message.flags.contains(ReturnFlags::CTRUNC)))
}

/// Reads bytes that `MSG_PEEK` has shown.
fn rest_of(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> usize {
    if buffer.is_empty() {
        return 0;
    }
    // An error occurs again at the next read.
    receive_bytes(socket, buffer, RecvFlags::empty()).map_or(0, |(bytes, _)| bytes)
}

/// Checks whether descriptors wait in a socket (`scm_fds` in `/proc/PID/fdinfo`, Linux 5.8).
#[cfg(target_os = "linux")]
pub(super) mod waiting {
    use std::{
        cell::RefCell,
        collections::HashMap,
        fs::File,
        os::{
            fd::{AsRawFd, BorrowedFd, RawFd},
            unix::fs::FileExt,
        },
    };

    thread_local! {
        /// The files of an event loop. A file reports the socket that has the number when it is
        /// read.
        static FILES: RefCell<HashMap<RawFd, Info>> = RefCell::default();
    }

    /// A file that reports the descriptors in one socket.
    #[derive(Debug)]
    pub(in super::super) struct Info(File);

    impl Info {
        /// Opens the file; `None` if there is none.
        pub(in super::super) fn of(socket: BorrowedFd<'_>) -> Option<Self> {
            File::open(format!("/proc/self/fdinfo/{}", socket.as_raw_fd())).ok().map(Self)
        }

        /// Returns whether no descriptors wait; `false` if it is not known.
        pub(in super::super) fn are_none(&self) -> bool {
            let mut text = [0; 256];
            let length = self.0.read_at(&mut text, 0).unwrap_or(0);
            text[..length].windows(NONE.len()).any(|part| part == NONE)
        }
    }

    /// Maximum number of open files of an event loop.
    const KEPT: usize = 8;

    const NONE: &[u8] = b"\nscm_fds: 0\n";

    /// Returns whether no descriptors wait in a socket; `false` if it is not known.
    pub(super) fn are_none(socket: BorrowedFd<'_>) -> bool {
        let number = socket.as_raw_fd();
        FILES.with_borrow_mut(|files| {
            if !files.contains_key(&number) {
                let Some(file) = Info::of(socket) else { return false };
                if files.len() >= KEPT {
                    files.clear();
                }
                files.insert(number, file);
            }
            files.get(&number).is_some_and(Info::are_none)
        })
    }
}
