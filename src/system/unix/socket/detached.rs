//! Connected sockets outside of event loops.

#[cfg(target_os = "linux")]
use super::super::splice_guard::SpliceGuard;
use super::{
    super::{WatchedSocket, linked_pty::TerminalInput, probing::Probing},
    Socket,
};
use local_socket::Stream;
use rustix::net::sockopt;
use std::{io, net::TcpStream, os::fd::OwnedFd, process, sync::Arc};

/// A connected socket that is in no event loop.
#[derive(Debug)]
pub(crate) struct Detached {
    pub(super) fd: OwnedFd,
    pub(super) is_local: bool,
    /// Whether system calls on the socket can block.
    pub(super) blocks: bool,
    pub(super) terminal: Option<Arc<TerminalInput>>,
}

impl From<Stream> for Detached {
    fn from(stream: Stream) -> Self {
        Self { fd: stream.into(), is_local: true, blocks: true, terminal: None }
    }
}

impl From<TcpStream> for Detached {
    fn from(stream: TcpStream) -> Self {
        Self { fd: stream.into(), is_local: false, blocks: true, terminal: None }
    }
}

impl Detached {
    /// Takes a local socket that was accepted or connected for an event loop: it is non-blocking.
    pub(crate) fn for_loop(stream: Stream) -> Self {
        Self { blocks: false, ..stream.into() }
    }

    /// Returns the end of a socket pair that leads to a terminal.
    pub(in crate::system::unix) fn at_terminal(
        stream: Stream,
        terminal: Arc<TerminalInput>,
    ) -> Self {
        Self { terminal: Some(terminal), ..stream.into() }
    }

    /// Registers the socket with the event loop of the caller.
    pub(crate) fn attach(self) -> io::Result<Socket> {
        let watched = match (self.is_local, self.blocks) {
            (true, true) => WatchedSocket::new(self.fd),
            (true, false) => WatchedSocket::of_nonblocking(self.fd),
            (false, _) => WatchedSocket::for_writing(self.fd),
        };
        Ok(Socket {
            watched: watched?,
            is_local: self.is_local,
            reads_in_line: false,
            reads_on: !self.is_local,
            has_written: false,
            probing: Probing::default(),
            #[cfg(target_os = "linux")]
            splice_guard: SpliceGuard::default(),
            terminal: self.terminal,
        })
    }

    /// Makes the socket the standard input and output of a command. It blocks, as standard streams
    /// do, and urgent data is for the command to receive.
    pub(crate) fn give_to(self, command: &mut process::Command) -> io::Result<()> {
        rustix::io::ioctl_fionbio(&self.fd, false)?;
        if !self.is_local {
            sockopt::set_socket_oobinline(&self.fd, false)?;
        }
        command.stdin(self.fd.try_clone()?).stdout(self.fd);
        Ok(())
    }
}
