use lsock_startup::stdout_was_closed;
use rustix::{
    event::{PollFd, PollFlags},
    fs::{FileType, fstat, stat},
    pipe::PIPE_BUF,
};
use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Write, stdout},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::PermissionsExt,
    },
    path::Path,
};

/// Standard output, where received bytes go.
///
/// It may be shared with other programs, so that it is never made non-blocking.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    /// Standard output that was closed from the start: every write fails.
    is_closed: bool,
}

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        let fd = stdout().as_fd().try_clone_to_owned()?;
        Ok(Self { is_closed: stdout_was_closed(), ..Self::from_file(fd.into()) })
    }

    pub(crate) fn from_file(file: File) -> Self {
        Self { file, is_closed: false }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, ..*self })
    }

    /// Closes it, so that whoever reads it sees the end of file although this process
    /// goes on.
    pub(crate) fn close(self) -> io::Result<()> {
        // The number 1 must not become free for something else.
        let null = OpenOptions::new().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&null)?;
        Ok(())
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed && !bytes.is_empty() {
            return Err(super::super::stdout_is_closed());
        }
        (&self.file).write(bytes)
    }

    /// Returns how many bytes a write takes without waiting once [`Self::wait_writable`] has
    /// returned: `PIPE_BUF` of a pipe (`poll(3p)`), any number of a file.
    pub(crate) fn room(&self) -> usize {
        if is_file(&self.file) { usize::MAX } else { PIPE_BUF }
    }

    /// Waits until something can be written: for a descriptor that somebody else has made
    /// non-blocking.
    pub(crate) fn wait_writable(&self) -> io::Result<()> {
        super::wait(&mut [PollFd::new(&self.file, PollFlags::OUT)], None).map(|_| ())
    }
}

fn is_file(fd: impl AsFd) -> bool {
    fstat(fd).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// Fails if standard output was closed when the process started: Rust's runtime has opened
/// `/dev/null` for it since.
pub(crate) fn check_stdout() -> io::Result<()> {
    if stdout_was_closed() { Err(super::super::stdout_is_closed()) } else { Ok(()) }
}

/// Those with which files are created, before the umask takes away what it does.
pub(crate) fn usual_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

/// Whether a file of that name is what standard output goes to.
pub(crate) fn is_stdout(path: &Path) -> bool {
    if stdout_was_closed() {
        return false;
    }
    let stdout = fstat(stdout().as_fd());
    let file = stat(path);
    matches!((stdout, file), (Ok(stdout), Ok(file))
        if (stdout.st_dev, stdout.st_ino) == (file.st_dev, file.st_ino))
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
