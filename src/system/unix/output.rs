use super::super::Output;
use rustix::{
    event::PollFlags,
    fs::{FileType, fstat, stat},
    pipe::PIPE_BUF,
};
use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, stdout},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::PermissionsExt,
    },
    path::Path,
};

pub(in super::super) use lsock_startup::stdout_was_closed;

impl Output {
    /// Returns how many bytes a write takes without waiting once [`Self::wait_writable`] has
    /// returned: `PIPE_BUF` of a pipe (`poll(3p)`), any number of a file.
    pub(crate) fn room(&self) -> usize {
        let mode = fstat(&self.file).map(|stat| FileType::from_raw_mode(stat.st_mode));
        if mode == Ok(FileType::RegularFile) { usize::MAX } else { PIPE_BUF }
    }

    /// Waits until the output can be written, if another program has made it non-blocking.
    pub(crate) fn wait_writable(&self) -> io::Result<()> {
        super::wait_for(&self.file, PollFlags::OUT)
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

pub(in super::super) fn duplicate_stdout() -> io::Result<File> {
    Ok(stdout().as_fd().try_clone_to_owned()?.into())
}

pub(in super::super) fn close_stdout() -> io::Result<()> {
    // Number 1 stays in use: another file that got it would receive what is printed.
    let null = OpenOptions::new().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(&null)?)
}

/// Returns the permissions of a new file, to which the umask still applies.
pub(crate) fn usual_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

/// Returns whether standard output is the file with this path.
pub(crate) fn is_stdout(path: &Path) -> bool {
    let (stdout, file) = (fstat(stdout().as_fd()), stat(path));
    !stdout_was_closed()
        && matches!((stdout, file), (Ok(stdout), Ok(file))
            if (stdout.st_dev, stdout.st_ino) == (file.st_dev, file.st_ino))
}
