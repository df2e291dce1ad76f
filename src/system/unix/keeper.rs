//! A process that does the work of this one and can outlive it.

use lsock_startup::Watched;
use rustix::process::setsid;
use std::{
    env,
    ffi::OsString,
    future::poll_fn,
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::{fd::AsFd as _, fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, Stdio},
    sync::Arc,
};

/// The process, as the one that has started it sees it.
#[derive(Debug)]
pub(crate) struct Keeper {
    child: Child,
    line: Arc<UnixStream>,
}

/// Asks the process to end its work. It is asked as well when this process ends in any other way.
#[derive(Clone, Debug)]
pub(crate) struct KeeperRelease(Arc<UnixStream>);

impl Keeper {
    /// Starts this program again, with these arguments. Standard output and standard error are those
    /// of this process.
    ///
    /// # Errors
    /// An error of `socketpair(2)`, `fork(2)` or `execve(2)`, or `NotFound` if `/proc` is needed to
    /// find the program and is not mounted.
    pub(crate) fn start(args: impl IntoIterator<Item = OsString>) -> io::Result<Self> {
        let (line, other) = UnixStream::pair()?;
        let mut command = Command::new(env::current_exe()?);
        command.args(args).stdin(Stdio::from(OwnedFd::from(other)));
        Ok(Self { child: command.spawn()?, line: Arc::new(line) })
    }

    pub(crate) fn release(&self) -> KeeperRelease {
        KeeperRelease(Arc::clone(&self.line))
    }

    /// Waits until the process can be left alone. Returns `false` if it has ended before.
    pub(crate) fn wait_until_released(&self) -> bool {
        matches!((&*self.line).read(&mut [0]), Ok(1))
    }

    /// Waits until the process has ended. Returns its exit status.
    ///
    /// # Errors
    /// An error of `waitpid(2)`.
    pub(crate) fn status(mut self) -> io::Result<i32> {
        self.child.wait().map(super::command::status)
    }
}

impl KeeperRelease {
    pub(crate) fn ask(&self) {
        // It fails if the process has ended.
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

/// The connection of a [`Keeper`] to the process that has started it, in the keeper's event loop.
#[derive(Debug)]
pub(crate) struct Lifeline {
    line: UnixStream,
    watched: Watched,
}

impl Lifeline {
    /// Takes standard input as the connection, and leaves the terminal, whose signals are for the
    /// process that has started this one.
    ///
    /// # Errors
    /// An error of `dup(2)` or `epoll_ctl(2)`.
    pub(crate) fn of_keeper() -> io::Result<Self> {
        // It fails if this process has a session of its own already.
        let _ = setsid();
        let line = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let watched = Watched::new(line.as_fd().try_clone_to_owned()?)?;
        Ok(Self { line, watched })
    }

    /// Waits until this process is asked to end its work.
    pub(crate) async fn released(&self) {
        // Nothing is ever sent to a keeper: what there is to read is the end of file.
        let _ = poll_fn(|cx| self.watched.poll_read_ready(cx)).await;
    }

    /// Reports that this process can be left alone.
    pub(crate) fn report(&self) {
        // It fails if the other process has ended.
        let _ = (&self.line).write(b"\n");
    }
}
