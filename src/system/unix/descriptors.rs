//! Descriptors that come along with the bytes of a local socket (`SCM_RIGHTS`, `unix(7)`).

use local_socket::{
    Stream,
    error::LostFds,
    os::unix::{MAX_PASSED_FDS, recv_with_fds, send_with_fds},
};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, recvmsg};
use std::{
    io::{self, IoSliceMut},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// What becomes of the descriptors of one direction.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    passes: bool,
    /// Those of the bytes that are to be written next.
    held: Vec<OwnedFd>,
    /// What has been read of the bytes after those.
    head: Option<Box<Head>>,
    lost: Lost,
}

/// The first of the bytes that descriptors came with, and how many more of these there are.
#[derive(Debug)]
struct Head {
    byte: u8,
    fds: Vec<OwnedFd>,
    rest: usize,
}

/// How many bytes are read one by one before descriptors, until others have their turn.
const SLOW: usize = 2048;

/// Whether descriptors were lost, and whether that was told.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Lost {
    #[default]
    No,
    New,
    Told,
}

impl Descriptors {
    /// Whether this system has such a thing.
    pub(crate) const ARE_PASSED: bool = true;

    pub(crate) fn new(passes: bool) -> Self {
        Self { passes, ..Self::default() }
    }

    /// Whether the next bytes are to take descriptors along.
    pub(crate) fn are_held(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether some were lost, the first time that it is asked after that.
    pub(crate) fn were_lost(&mut self) -> bool {
        let is_new = self.lost == Lost::New;
        if is_new {
            self.lost = Lost::Told;
        }
        is_new
    }

    /// Whether a byte was read that is not in the caller's buffer.
    pub(crate) fn hold_a_byte(&self) -> bool {
        self.head.is_some()
    }

    /// Reads from a stream, and loses descriptors that come.
    pub(crate) fn read(&mut self, stream: &Stream, buffer: &mut [u8]) -> io::Result<usize> {
        self.receive(stream.as_fd(), buffer).map(|(read, _)| read)
    }

    /// How many of the bytes that wait can be spliced and take no descriptor with them, which
    /// would be closed without a word. `None` if they are to be read instead.
    #[cfg(target_os = "linux")]
    pub(super) fn without(socket: BorrowedFd<'_>) -> Option<usize> {
        Self::without_if(socket, || waiting::are_none(socket))
    }

    /// As [`without`](Self::without), where the caller finds out whether there are none.
    #[cfg(target_os = "linux")]
    pub(super) fn without_if(
        socket: BorrowedFd<'_>,
        are_none: impl FnOnce() -> bool,
    ) -> Option<usize> {
        // What comes between the two questions is counted by the second one only.
        let bytes = rustix::io::ioctl_fionread(socket).ok().filter(|bytes| *bytes > 0)?;
        are_none().then(|| usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    fn lose(&mut self) {
        if self.lost == Lost::No {
            self.lost = Lost::New;
        }
    }

    /// Whether they are passed on.
    pub(super) fn are_passed(&self) -> bool {
        self.passes
    }

    /// Reads, and loses descriptors that come; whether there were some.
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

    /// Reads so that descriptors come with the first byte of what is read, or not at all. A
    /// read would give them together with bytes that were sent before them, and where those
    /// end cannot be asked: a look ahead tells whether descriptors come, and where the bytes
    /// end that were sent with them, but not where these begin.
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
                // The next read fails again.
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

    /// Writes, and sends the descriptors along with the first byte.
    pub(super) fn send(&mut self, socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        let fds: Vec<_> = self.held.iter().map(AsFd::as_fd).collect();
        let sent = send_with_fds(socket, bytes, &fds);
        if sent.is_ok() {
            self.held = Vec::new();
        }
        sent
    }
}

/// Reads, or looks ahead. Without room for descriptors the system closes those that come,
/// and says so.
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

/// Reads what has been seen to be there.
fn rest_of(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> usize {
    if buffer.is_empty() {
        return 0;
    }
    // What fails now fails again when it is read next.
    receive_bytes(socket, buffer, RecvFlags::empty()).map_or(0, |(bytes, _)| bytes)
}

/// How many descriptors wait in a socket (`scm_fds` in `/proc/PID/fdinfo`, Linux 5.8).
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
        /// Those of an event loop. Each tells of whatever has its number when it is read.
        static FILES: RefCell<HashMap<RawFd, Info>> = RefCell::default();
    }

    /// A file that tells it of one socket.
    #[derive(Debug)]
    pub(in super::super) struct Info(File);

    impl Info {
        /// `None` if that cannot be told.
        pub(in super::super) fn of(socket: BorrowedFd<'_>) -> Option<Self> {
            File::open(format!("/proc/self/fdinfo/{}", socket.as_raw_fd())).ok().map(Self)
        }

        /// Whether there are none; not if that cannot be told.
        pub(in super::super) fn are_none(&self) -> bool {
            let mut text = [0; 256];
            let length = self.0.read_at(&mut text, 0).unwrap_or(0);
            text[..length].windows(NONE.len()).any(|part| part == NONE)
        }
    }

    /// How many of the files an event loop keeps open.
    const KEPT: usize = 8;

    const NONE: &[u8] = b"\nscm_fds: 0\n";

    /// Whether there are none; not if that cannot be told.
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
