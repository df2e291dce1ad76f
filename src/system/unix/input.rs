use super::{
    super::{Either, Leaving, Output, Ready},
    job_control::{BACKGROUND_PAUSE, is_in_background, without_stop},
};
use local_socket::Stream;
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::Errno,
    stdio::stdin,
};
use std::{
    fs::File,
    io::{self, IsTerminal as _, Read, Seek},
    os::fd::{AsFd, BorrowedFd},
    sync::{Arc, OnceLock, atomic::AtomicBool},
    time::Duration,
};

/// Standard input, from which sent bytes are read.
///
/// Other programs may share the descriptor, so it is never made non-blocking. A terminal is read in
/// the foreground only: in the background it is the input of another job.
#[derive(Debug)]
pub(crate) struct Input {
    file: File,
    /// Whether it is a terminal, as soon as that has to be known.
    is_terminal: OnceLock<bool>,
    /// Set if the input is the keys of a terminal in raw mode.
    leaving: Option<Arc<Leaving>>,
}

/// The event of a socket whose receiving has ended; empty where poll(2) does not report it.
#[cfg(target_os = "linux")]
const RECEIVING_ENDED: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const RECEIVING_ENDED: PollFlags = PollFlags::empty();

/// Whether a wait for input ends when this process shuts down receiving.
pub(crate) const REPORTS_END_OF_RECEIVING: bool = !RECEIVING_ENDED.is_empty();

impl Input {
    pub(crate) fn stdin() -> io::Result<Self> {
        Ok(Self::from_file(stdin().try_clone_to_owned()?.into()))
    }

    pub(crate) fn from_file(file: File) -> Self {
        Self { file, is_terminal: OnceLock::new(), leaving: None }
    }

    /// Creates the input of a terminal in raw mode, whose keys arrive through a pipe.
    pub(super) fn from_keys(pipe: File, leaving: Arc<Leaving>) -> Self {
        Self { leaving: Some(leaving), ..Self::from_file(pipe) }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let (is_terminal, leaving) = (self.is_terminal.clone(), self.leaving.clone());
        Ok(Self { file: self.file.try_clone()?, is_terminal, leaving })
    }

    /// Returns what reports that a person has left; `None` if that is not possible.
    pub(crate) fn leaving(&self) -> Option<&Arc<Leaving>> {
        self.leaving.as_ref()
    }

    fn is_terminal(&self) -> bool {
        *self.is_terminal.get_or_init(|| self.file.is_terminal())
    }

    /// Returns whether the input is a terminal that another job reads.
    fn is_of_another_job(&self) -> bool {
        self.is_terminal() && is_in_background(self.file.as_fd())
    }

    /// Waits until there is input, or the peer of the stream has closed; if `receives`, also until
    /// receiving has ended.
    ///
    /// Shutting down the stream on this side ends the wait as well. The flag is for systems where
    /// it does not.
    pub(crate) fn wait(
        &self,
        stream: &Stream,
        receives: bool,
        _: &AtomicBool,
    ) -> io::Result<Ready> {
        let events = if receives { RECEIVING_ENDED } else { PollFlags::empty() };
        let mut is_ours = true;
        loop {
            let input = if is_ours { PollFlags::IN } else { PollFlags::empty() };
            let mut fds = [PollFd::new(&self.file, input), PollFd::new(stream, events)];
            super::wait(&mut fds, (!is_ours).then_some(&background_pause()))?;
            let [input, stream] = fds.map(|fd| fd.revents());
            if stream.intersects(super::ended()) {
                // At the end of the input no bytes are lost.
                if input == PollFlags::HUP {
                    return Ok(Ready::Input);
                }
                return Ok(Ready::PeerGone);
            }
            if input.is_empty() && !stream.is_empty() {
                return Ok(Ready::ReceivingEnded);
            }
            if input == PollFlags::IN && self.is_of_another_job() {
                is_ours = false;
            } else if input.is_empty() {
                is_ours = true;
            } else {
                return Ok(Ready::Input);
            }
        }
    }

    /// Waits until the input or the stream can be read, or the reader of the output has closed. Returns
    /// the input if it is alone, or at its end.
    pub(crate) fn wait_for_either(&self, stream: &Stream, output: &Output) -> io::Result<Either> {
        let mut fds = [
            PollFd::new(&self.file, PollFlags::IN),
            PollFd::new(stream, PollFlags::IN),
            PollFd::new(output, PollFlags::empty()),
        ];
        let watched = if output.has_reader() { 3 } else { 2 };
        super::wait(&mut fds[..watched], None)?;
        let [input, stream, output] = fds.each_ref().map(PollFd::revents);
        // An input at its end is read at once. Otherwise a thread would be started to find the end.
        let is_input = output.is_empty() && (stream.is_empty() || self.is_at_end(input));
        let is_input = is_input && !self.is_of_another_job();
        Ok(if is_input { Either::Input } else { Either::Stream })
    }

    /// Returns whether the input is at its end; `events` are those that `poll(2)` has returned for it. It
    /// is known of pipes and files.
    fn is_at_end(&self, events: PollFlags) -> bool {
        events == PollFlags::HUP || events.contains(PollFlags::IN) && self.rest_of_file() == Some(0)
    }

    /// Returns the number of bytes that can be read without waiting; `None` if it is not known. For
    /// a file it is the rest of the file.
    pub(crate) fn pending(&self) -> Option<u64> {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        if super::wait(&mut fds, Some(&super::NOW)).ok()? == 0
            || !fds[0].revents().contains(PollFlags::IN)
            || self.is_of_another_job()
        {
            return Some(0);
        }
        self.rest_of_file().or_else(|| rustix::io::ioctl_fionread(&self.file).ok()).or_else(|| {
            // A device such as /dev/null reports no number, but its end can be read.
            matches!(self.read(&mut [0; 1]), Ok(0)).then_some(0)
        })
    }

    /// Returns whether the input is at its end, or reaches it within this time, without another byte.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        let time = Timespec::try_from(time).unwrap_or(super::NOW);
        super::wait(&mut fds, Some(&time)).is_ok_and(|ready| ready > 0)
            && !self.is_of_another_job()
            && self.pending() == Some(0)
    }

    /// Returns the number of bytes that are left, if this is a regular file.
    pub(crate) fn rest_of_file(&self) -> Option<u64> {
        let metadata = self.file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let position = (&self.file).stream_position().ok()?;
        Some(metadata.len().saturating_sub(position))
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_terminal() {
            return (&self.file).read(buffer);
        }
        loop {
            self.wait_for_turn()?;
            match without_stop(|| (&self.file).read(buffer)) {
                // It has become a job in the background meanwhile.
                Err(error)
                    if Errno::from_io_error(&error) == Some(Errno::IO)
                        && self.is_of_another_job() => {}
                read => return read,
            }
        }
    }

    /// Waits until there is input of a terminal, and no other job reads it.
    fn wait_for_turn(&self) -> io::Result<()> {
        let mut is_ours = true;
        loop {
            let input = if is_ours { PollFlags::IN } else { PollFlags::empty() };
            let mut fds = [PollFd::new(&self.file, input)];
            super::wait(&mut fds, (!is_ours).then_some(&background_pause()))?;
            let input = fds[0].revents();
            if input == PollFlags::IN && self.is_of_another_job() {
                is_ours = false;
            } else if input.is_empty() {
                is_ours = true;
            } else {
                return Ok(());
            }
        }
    }

    /// Waits until there is input, if another program has made the descriptor non-blocking.
    pub(crate) fn wait_readable(&self) -> io::Result<()> {
        super::wait_for(&self.file, PollFlags::IN)
    }
}

fn background_pause() -> Timespec {
    Timespec::try_from(BACKGROUND_PAUSE).unwrap_or(super::NOW)
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
