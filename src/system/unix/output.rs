use super::super::Output;
use rustix::{
    event::PollFlags,
    fs::{FileType, fstat, stat},
    io::Errno,
    net::{Shutdown, shutdown},
    pipe::PIPE_BUF,
    stdio::{stderr, stdin, stdout},
};
use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, IsTerminal as _, Write as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::Path,
};

pub(in super::super) use lsock_startup::stdout_was_closed;

/// The kind of file that standard output is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum OutputKind {
    Pipe,
    Socket,
    /// A terminal of Linux; the poll(2) of some other systems does not support terminals.
    Terminal,
    RegularFile,
    Device,
}

impl OutputKind {
    /// Returns the kind of standard output, of which the file is a duplicate.
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
    pub(in super::super) fn of_stdout(file: &File) -> io::Result<Self> {
        Ok(Self::of(file))
    }

    pub(in super::super) fn of(file: &File) -> Self {
        match fstat(file).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
            Ok(FileType::Fifo) => Self::Pipe,
            Ok(FileType::Socket) => Self::Socket,
            Ok(FileType::RegularFile) => Self::RegularFile,
            _ if cfg!(target_os = "linux") && file.is_terminal() => Self::Terminal,
            _ => Self::Device,
        }
    }

    #[expect(clippy::unused_self, reason = "other systems write some kinds in a different way")]
    pub(in super::super) fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }
}

impl Output {
    /// Returns whether the system reports that the reader of the output has closed.
    pub(crate) fn has_reader(&self) -> bool {
        matches!(self.kind, OutputKind::Pipe | OutputKind::Socket | OutputKind::Terminal)
    }

    /// Waits in an event loop until the reader of the output has closed, if the system reports it.
    pub(crate) async fn reader_gone(&self) -> io::Result<()> {
        lsock_startup::hung_up(self.file.try_clone()?.into()).await
    }

    /// Shuts down sending if the output is a socket: closing it is no end of file while another
    /// descriptor, such as standard input, is the same socket.
    ///
    /// A socket that is standard error as well, and not standard input, is not shut down: it
    /// belongs to a log, such as the journal of systemd, and other processes can write to it.
    pub(in super::super) fn shut_down(&self) -> io::Result<()> {
        if self.kind != OutputKind::Socket {
            return Ok(());
        }
        let identity = |fd: BorrowedFd<'_>| fstat(fd).map(|stat| (stat.st_dev, stat.st_ino));
        let own = identity(self.file.as_fd())?;
        if identity(stderr()) == Ok(own) && identity(stdin()) != Ok(own) {
            return Ok(());
        }
        match shutdown(&self.file, Shutdown::Write) {
            // The peer has closed the connection.
            Err(Errno::NOTCONN) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Returns how many bytes a write takes without waiting once [`Self::wait_writable`] has
    /// returned: `PIPE_BUF` of a pipe (`poll(3p)`), any number of a file.
    pub(crate) fn room(&self) -> usize {
        if self.kind == OutputKind::RegularFile { usize::MAX } else { PIPE_BUF }
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
    Ok(stdout().try_clone_to_owned()?.into())
}

pub(in super::super) fn close_stdout() -> io::Result<()> {
    // Number 1 stays in use: another file that got it would receive what is printed.
    let null = OpenOptions::new().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(&null)?)
}

/// Opens a file for writing that only this user can read. What it contains stays.
///
/// # Errors
/// `PermissionDenied` if it may not be written or belongs to another user, or another error of
/// `open(2)` or `fchmod(2)`.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    const PRIVATE: u32 = 0o600;
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(PRIVATE).open(path)?;
    let found = file.metadata()?;
    if found.is_file() && found.mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(PRIVATE))?;
    }
    Ok(file)
}

/// What identifies a file, whatever its path. The null device has none: it keeps nothing, so that all
/// can write to it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
}

impl FileIdentity {
    pub(crate) fn of_file(file: &File) -> Option<Self> {
        file.metadata().ok().and_then(|file| Self::new(&file))
    }

    /// Returns that of the file at a path; `None` if there is none. Symbolic links are followed.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().and_then(|file| Self::new(&file))
    }

    /// Returns those of standard input, output and error.
    pub(crate) fn of_standard_streams() -> [Option<Self>; 3] {
        [stdin(), stdout(), stderr()].map(|fd| {
            let file = File::from(fd.try_clone_to_owned().ok()?);
            Self::of_file(&file)
        })
    }

    fn new(file: &Metadata) -> Option<Self> {
        let identity = |file: &Metadata| Self { device: file.dev(), inode: file.ino() };
        let null = fs::metadata("/dev/null").ok().map(|null| identity(&null));
        Some(identity(file)).filter(|file| Some(*file) != null)
    }
}

/// Returns the permissions of a new file, to which the umask still applies.
pub(crate) fn usual_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

/// Returns whether standard output is the file with this path.
pub(crate) fn is_stdout(path: &Path) -> bool {
    let (stdout, file) = (fstat(stdout()), stat(path));
    !stdout_was_closed()
        && matches!((stdout, file), (Ok(stdout), Ok(file))
            if (stdout.st_dev, stdout.st_ino) == (file.st_dev, file.st_ino))
}
