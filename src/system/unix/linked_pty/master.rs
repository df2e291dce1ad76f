use super::super::{
    NOW,
    pty_pair::{make_raw, open_pair, open_slave, path_of},
    socket::would_block,
    wait,
};
use lsock_startup::Watched;
use rustix::{
    event::{PollFd, PollFlags},
    io::{ioctl_fionbio, ioctl_fionread, read},
    termios::ioctl_tiocnxcl,
};
use std::{
    fs, io,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

/// The side of a terminal that is not that of the programs. When the last descriptor of it is closed,
/// the terminal hangs up.
#[derive(Debug)]
pub(super) struct Master {
    fd: OwnedFd,
    /// The terminal, such as `/dev/pts/3`.
    path: PathBuf,
}

impl Master {
    /// Opens a new terminal, and prepares it by `prepare`, which gets the side of the programs.
    ///
    /// # Errors
    /// `NotFound` if the path of the terminal leads to another one, or to none.
    pub(super) fn open(prepare: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>) -> io::Result<Self> {
        let (fd, slave) = open_pair()?;
        ioctl_fionbio(&fd, true)?;
        make_raw(&slave)?;
        prepare(slave.as_fd())?;
        let path = path_of(&fd, &slave)?;
        let ours = rustix::fs::fstat(&slave)?;
        // A process whose `/dev/pts` is that of another container has other terminals there.
        let is_ours = fs::metadata(&path).is_ok_and(|found| {
            (found.dev(), found.ino()) == (ours.st_dev as u64, ours.st_ino as u64)
        });
        if !is_ours {
            let text = format!("the new terminal is not at its path {}", path.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        // Without this, a terminal that no program has opened yet looks like an open one.
        drop(slave);
        Ok(Self { fd, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Registers another descriptor with the event loop of the caller.
    pub(super) fn watch(&self) -> io::Result<Watched> {
        Watched::for_writing(self.fd.try_clone()?)
    }

    /// Reads what the programs have written.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(read(&self.fd, buffer)?)
    }

    /// Returns whether a program has the terminal open, or has left bytes in it.
    pub(super) fn is_open(&self) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        wait(&mut fds, Some(&NOW))?;
        let found = fds[0].revents();
        Ok(!found.contains(PollFlags::HUP) || found.contains(PollFlags::IN))
    }

    /// Returns the number of bytes that a program could read now, or a smaller one; `None` if the program
    /// has the terminal for itself, so that nobody else can ask.
    pub(super) fn unread(&self) -> Option<u64> {
        /// Number of looks in a row that have to find nothing. Linux keeps a part of the bytes elsewhere
        /// and moves it when a program has read the other part: one look can fall in between.
        const LOOKS: u32 = 3;
        let slave = open_slave(&self.fd, &self.path).ok()?;
        let (mut looks, mut last) = (0, 0);
        while looks < LOOKS {
            // The first call waits for programs that are just reading, the second one for the bytes that
            // are moved then (`n_tty_ioctl` and `n_tty_poll` of Linux).
            let count = ioctl_fionread(&slave).ok()?;
            let mut fds = [PollFd::new(&slave, PollFlags::IN)];
            wait(&mut fds, Some(&NOW)).ok()?;
            if fds[0].revents().contains(PollFlags::IN) {
                return Some(count.max(1));
            }
            // There can be bytes that the program cannot read before more of them come (`VMIN`).
            looks = if count == last { looks + 1 } else { 0 };
            last = count;
        }
        Some(0)
    }

    /// Makes the terminal as it was when it was new, after the last program has closed it. Returns the
    /// number of bytes that no program has read; the next one does not get them.
    ///
    /// # Errors
    /// `EBUSY` if a program has left the terminal for itself alone.
    pub(super) fn reset(&self) -> io::Result<u64> {
        let slave = open_slave(&self.fd, &self.path)?;
        ioctl_tiocnxcl(&slave)?;
        make_raw(&slave)?;
        ioctl_fionbio(&slave, true)?;
        let (mut buffer, mut count) = ([0; 4096], 0);
        loop {
            match read(&slave, &mut buffer).map_err(io::Error::from) {
                Ok(0) => return Ok(count),
                result if would_block(&result) => return Ok(count),
                result => count += result? as u64,
            }
        }
    }

    /// Turns off all editing, without opening the side of the programs.
    pub(super) fn make_raw(&self) {
        if let Err(error) = make_raw(&self.fd) {
            tracing::debug!(%error, "the terminal is not in raw mode");
        }
    }

    /// Returns the modes that a program has set.
    ///
    /// # Errors
    /// Those of `tcgetattr(3)`.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn modes(&self) -> io::Result<rustix::termios::LocalModes> {
        Ok(rustix::termios::tcgetattr(&self.fd)?.local_modes)
    }
}
