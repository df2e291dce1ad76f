//! Programs at a terminal that lsock has made (`pty:LINK`).

use super::{DEADLINE, Scene, assert_bytes};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
    io::{Errno, ioctl_fionread},
    termios::{LocalModes, OutputModes, tcgetattr},
};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::{AsFd, BorrowedFd},
};

/// A terminal that the test has open, as a program opens a serial line.
#[derive(Debug)]
pub(crate) struct Line(File);

impl Scene {
    /// Opens a terminal by its link.
    #[track_caller]
    pub(crate) fn line(&self, link: &str) -> Line {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Line(rustix::fs::open(self.path(link), flags, Mode::empty()).unwrap().into())
    }

    /// Returns the terminal that a link leads to.
    #[track_caller]
    pub(crate) fn terminal_of(&self, link: &str) -> String {
        self.path(link).read_link().unwrap().to_str().unwrap().to_owned()
    }
}

impl Line {
    /// Returns another handle to the same terminal.
    pub(crate) fn another(&self) -> Self {
        Self(self.0.try_clone().unwrap())
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.write_all(bytes.as_ref()).expect("the terminal takes the bytes");
    }

    /// Reads as many bytes, which have to be these.
    #[track_caller]
    pub(crate) fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let mut received = vec![0; bytes.as_ref().len()];
        self.read_exact(&mut received).expect("bytes from the terminal");
        assert_bytes(&received, bytes.as_ref(), || "from the terminal".to_owned());
    }

    /// Reads until the terminal hangs up. All bytes have to be these.
    #[track_caller]
    pub(crate) fn expect_rest(&mut self, bytes: impl AsRef<[u8]>) {
        let mut rest = Vec::new();
        self.read_to_end(&mut rest).expect("the terminal hangs up");
        assert_bytes(&rest, bytes.as_ref(), || "from the terminal".to_owned());
    }

    /// Waits until something can be read.
    #[track_caller]
    pub(crate) fn wait_for_data(&self) {
        super::wait_until("something can be read", || ioctl_fionread(self).unwrap() > 0);
    }

    /// Returns whether the terminal passes bytes unchanged.
    pub(crate) fn is_raw(&self) -> bool {
        let edits = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        let settings = tcgetattr(self).unwrap();
        !settings.local_modes.intersects(edits)
            && !settings.output_modes.contains(OutputModes::OPOST)
    }

    fn wait(&self, events: PollFlags) -> io::Result<()> {
        let limit = Timespec::try_from(DEADLINE).unwrap();
        match poll(&mut [PollFd::new(self, events)], Some(&limit))? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(&self.0, &mut *buffer) {
                Err(Errno::AGAIN) => self.wait(PollFlags::IN)?,
                // A terminal that has hung up.
                Err(Errno::IO) => return Ok(0),
                result => return Ok(result?),
            }
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(&self.0, bytes) {
                Err(Errno::AGAIN) => self.wait(PollFlags::OUT)?,
                result => return Ok(result?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
