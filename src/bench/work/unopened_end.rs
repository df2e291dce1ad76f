use super::{
    BenchError, RunResult,
    connection::{ConnectionReader, ConnectionWriter, OpenConnection, SplitConnection},
};
use crate::{
    bench::{Api, Transport},
    system::pipes,
};
use local_socket::Stream;
use std::{
    io::{self, PipeReader, PipeWriter},
    process::{Command, Stdio},
};

/// One end of an unnamed connection, before it is known whether threads or an event loop will use
/// it, and in which process.
#[derive(Debug)]
pub(super) enum UnopenedEnd {
    Pipes(PipeReader, PipeWriter),
    Socket(Stream),
}

impl UnopenedEnd {
    /// Creates both ends.
    pub(super) fn pair(over: Transport) -> RunResult<(Self, Self)> {
        if over == Transport::Socketpair {
            let (client, server) =
                Stream::pair().map_err(BenchError::io("cannot create a socket pair"))?;
            return Ok((Self::Socket(client), Self::Socket(server)));
        }
        let pipe = || io::pipe().map_err(BenchError::io("cannot create a pipe"));
        let ((server_reads, client_writes), (client_reads, server_writes)) = (pipe()?, pipe()?);
        let client = Self::Pipes(client_reads, client_writes);
        Ok((client, Self::Pipes(server_reads, server_writes)))
    }

    /// Takes standard input and output of this process as an end.
    pub(super) fn standard(over: Transport) -> RunResult<Self> {
        let taken = if over == Transport::Socketpair {
            pipes::standard_socket().map(Self::Socket)
        } else {
            pipes::standard_pipes().map(|(reader, writer)| Self::Pipes(reader, writer))
        };
        taken.map_err(BenchError::io("cannot use standard input and output"))
    }

    /// Passes the end to a process as its standard input and output.
    pub(super) fn give_to(self, command: &mut Command) -> io::Result<()> {
        match self {
            Self::Pipes(reader, writer) => command.stdin(reader).stdout(writer),
            Self::Socket(stream) => {
                command.stdin(pipes::socket_as_stdio(stream)?).stdout(Stdio::null())
            }
        };
        Ok(())
    }

    /// Opens the end; with `Api::Tokio` it has to be called in the event loop.
    pub(super) fn open(self, api: Api) -> RunResult<SplitConnection> {
        Ok(match (self, api) {
            (Self::Pipes(reader, writer), Api::Sync) => SplitConnection {
                reader: ConnectionReader::Pipe(reader),
                writer: ConnectionWriter::Pipe(writer),
            },
            (Self::Pipes(reader, writer), Api::Tokio) => {
                let (reader, writer) = pipes::for_event_loop(reader, writer)
                    .map_err(BenchError::io("cannot use a pipe in an event loop"))?;
                SplitConnection::event(reader, writer)
            }
            (Self::Socket(stream), Api::Sync) => OpenConnection::Local(stream).split(),
            (Self::Socket(stream), Api::Tokio) => {
                let stream = pipes::socket_for_event_loop(stream)
                    .map_err(BenchError::io("cannot use a socket in an event loop"))?;
                OpenConnection::from(stream).split()
            }
        })
    }
}
