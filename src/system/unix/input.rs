use super::super::{Either, Ready};
use local_socket::Stream;
use rustix::event::{PollFd, PollFlags};
use std::{
    fs::File,
    io::{self, Read, Seek, stdin},
    os::fd::{AsFd, BorrowedFd},
    sync::atomic::AtomicBool,
};

/// Standard input, where sent bytes come from.
///
/// It may be shared with other programs, so that it is never made non-blocking.
#[derive(Debug)]
pub(crate) struct Input {
    file: File,
}

impl Input {
    pub(crate) fn stdin() -> io::Result<Self> {
        Ok(Self::from_file(stdin().as_fd().try_clone_to_owned()?.into()))
    }

    pub(crate) fn from_file(file: File) -> Self {
        Self { file }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()? })
    }

    /// Waits until there is input, or the peer of the stream has gone.
    ///
    /// A stream that was shut down on this side looks as if its peer had gone, which is
    /// how waiting is ended from outside; the flag is for systems where it does not.
    pub(crate) fn wait(&self, stream: &Stream, _: &AtomicBool) -> io::Result<Ready> {
        let mut fds =
            [PollFd::new(&self.file, PollFlags::IN), PollFd::new(stream, PollFlags::empty())];
        super::wait(&mut fds, None)?;
        if fds[1].revents().intersects(super::ended()) {
            // At the end of the input nothing is left that the peer could miss.
            if fds[0].revents() == PollFlags::HUP {
                return Ok(Ready::Input);
            }
            return Ok(Ready::PeerGone);
        }
        Ok(Ready::Input)
    }

    /// Waits until there is input or something to be received.
    pub(crate) fn wait_for_either(&self, stream: &Stream) -> io::Result<Either> {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN), PollFd::new(stream, PollFlags::IN)];
        super::wait(&mut fds, None)?;
        Ok(if fds[1].revents().is_empty() { Either::Input } else { Either::Stream })
    }

    /// How much there is to read now without waiting, as far as that can be told. A
    /// file is taken to hold nothing but input.
    pub(crate) fn pending(&self) -> Option<u64> {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        if super::wait(&mut fds, Some(&now)).ok()? == 0 || !fds[0].revents().contains(PollFlags::IN)
        {
            return Some(0);
        }
        self.rest_of_file().or_else(|| rustix::io::ioctl_fionread(&self.file).ok()).or_else(|| {
            // A device that cannot be asked, such as /dev/null: its end can be read.
            matches!(self.read(&mut [0; 1]), Ok(0)).then_some(0)
        })
    }

    /// How much is left of it, if it is a regular file.
    pub(crate) fn rest_of_file(&self) -> Option<u64> {
        let metadata = self.file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let position = (&self.file).stream_position().ok()?;
        Some(metadata.len().saturating_sub(position))
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.file).read(buffer)
    }

    /// Waits until there is input: for a descriptor that somebody else has made
    /// non-blocking.
    pub(crate) fn wait_readable(&self) -> io::Result<()> {
        super::wait(&mut [PollFd::new(&self.file, PollFlags::IN)], None).map(|_| ())
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
