//! A terminal in raw mode as the input of a transfer.

use super::{
    super::{LeaveKey, Leaving},
    input::Input,
    job_control::{BACKGROUND_PAUSE, is_in_background},
    raw_mode::{self, Turn, Typed},
};
use crate::diag::Failure;
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::ioctl_fionbio,
};
use std::{
    fs::File,
    io::{self, ErrorKind, IsTerminal as _, PipeReader, PipeWriter, Read as _, Write as _, stdin},
    os::fd::{AsFd as _, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// The terminal of standard input, whose keys are an [`Input`] from [`begin`](Self::begin) on. When
/// it is dropped, the mode of the terminal is the one from before.
#[derive(Debug)]
pub(crate) struct RawTerminal {
    key: LeaveKey,
    leaving: Arc<Leaving>,
    /// Taken when raw mode begins.
    pipe: Mutex<Option<PipeWriter>>,
}

/// Most bytes that wait for a peer that does not read. While more are typed, [`LeaveKey`] is not
/// seen.
const MOST_WAITING: usize = 1 << 20;

impl RawTerminal {
    /// Checks that standard input is a terminal. Nothing is changed.
    ///
    /// # Errors
    /// `Usage` if it is not.
    pub(crate) fn check() -> Result<(), Failure> {
        if stdin().is_terminal() {
            return Ok(());
        }
        Err(Failure::Usage("--raw takes a terminal as standard input".to_owned()))
    }

    /// Returns the terminal and its keys. Nothing is read before [`begin`](Self::begin).
    ///
    /// # Errors
    /// Those of `pipe(2)`.
    pub(crate) fn open(key: LeaveKey) -> io::Result<(Self, Input)> {
        let (keys, pipe) = io::pipe()?;
        ioctl_fionbio(&pipe, true)?;
        let leaving = Arc::new(Leaving::default());
        let input = Input::from_keys(OwnedFd::from(keys).into(), Arc::clone(&leaving));
        Ok((Self { key, leaving, pipe: Mutex::new(Some(pipe)) }, input))
    }

    /// Sets raw mode and starts the thread that reads the keys.
    ///
    /// # Errors
    /// Those of `tcsetattr(3)`, or if no thread can be started.
    pub(crate) fn begin(&self) -> io::Result<()> {
        let pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(pipe) = pipe else { return Ok(()) };
        let (key, leaving) = (self.key, Arc::clone(&self.leaving));
        let continued = raw_mode::begin()?;
        let keyboard = Keyboard { key, leaving, pipe, continued, waiting: Vec::new() };
        thread::Builder::new().name("keys".to_owned()).spawn(|| keyboard.forward())?;
        Ok(())
    }

    /// Returns whether the person has left.
    pub(crate) fn was_left(&self) -> bool {
        self.leaving.has_left()
    }

    pub(crate) fn key(&self) -> LeaveKey {
        self.key
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Ends raw mode, and discards keys that were pressed for the peer. Returns whether there was raw
/// mode.
pub(crate) fn restore() -> bool {
    raw_mode::restore(Typed::IsDiscarded)
}

/// Reads keys at any time, so that the key that leaves is seen while the peer does not read.
struct Keyboard {
    key: LeaveKey,
    leaving: Arc<Leaving>,
    /// Leads to the transfer.
    pipe: PipeWriter,
    /// Can be read after a stop. The keys for which this thread waits can be read by another job then.
    continued: PipeReader,
    /// Bytes that the pipe has not taken yet.
    waiting: Vec<u8>,
}

impl Keyboard {
    /// Passes keys on until the person leaves, or the transfer or the terminal has ended.
    fn forward(mut self) {
        match self.read_keys() {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return,
            Err(error) => tracing::debug!(%error, "the terminal cannot be read"),
        }
        // What was typed before is still sent.
        if ioctl_fionbio(&self.pipe, false).is_ok() {
            let _ = self.pipe.write_all(&self.waiting);
        }
    }

    fn read_keys(&mut self) -> io::Result<()> {
        let terminal = File::from(stdin().as_fd().try_clone_to_owned()?);
        let mut buffer = [0; 4096];
        loop {
            let is_ours = match raw_mode::turn() {
                Turn::Over => return Ok(()),
                Turn::Ours => self.waiting.len() < MOST_WAITING,
                Turn::OfAnotherJob => false,
            };
            if !self.wait_for_keys(&terminal, is_ours)? || raw_mode::turn() != Turn::Ours {
                continue;
            }
            let read = super::job_control::without_stop(|| (&terminal).read(&mut buffer));
            let read = match read {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) if is_in_background(terminal.as_fd()) => continue,
                Err(error) => return Err(error),
            };
            let (typed, leaves) = self.key.split(&buffer[..read]);
            self.waiting.extend_from_slice(typed);
            if leaves {
                // From now on the person is at the shell, whatever the peer does.
                raw_mode::restore(Typed::Stays);
                self.leaving.leave();
                return Ok(());
            }
            self.send()?;
        }
    }

    /// Waits for keys or for room in the pipe. Returns whether there are keys.
    ///
    /// # Errors
    /// `BrokenPipe` if the transfer has ended.
    fn wait_for_keys(&mut self, terminal: &File, is_ours: bool) -> io::Result<bool> {
        let keys = if is_ours { PollFlags::IN } else { PollFlags::empty() };
        let room = if self.waiting.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        let mut fds = [
            PollFd::new(&self.pipe, room),
            PollFd::new(&self.continued, PollFlags::IN),
            PollFd::new(terminal, keys),
        ];
        let pause = Timespec::try_from(BACKGROUND_PAUSE).unwrap_or(super::NOW);
        // A terminal that has hung up would end each wait at once.
        let watched = if is_ours { 3 } else { 2 };
        super::wait(&mut fds[..watched], (!is_ours).then_some(&pause))?;
        let [pipe, continued, keys] = fds.map(|fd| fd.revents());
        if continued.contains(PollFlags::IN) {
            let _ = self.continued.read(&mut [0; 16]);
        }
        if pipe.intersects(super::ended()) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if pipe.contains(PollFlags::OUT) {
            self.send()?;
        }
        Ok(!keys.is_empty())
    }

    /// Writes what the pipe takes.
    fn send(&mut self) -> io::Result<()> {
        match self.pipe.write(&self.waiting) {
            Ok(written) => {
                self.waiting.drain(..written);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
