//! Controls the server process with lines of JSON through a local socket: its standard streams may
//! be the transport that is measured.

use super::{
    BenchError, RunResult,
    address::{ServerAddress, name},
    listener::ListenAddress,
    server::{ServedTotals, ServerJob, WorkloadServer},
    unopened_end::UnopenedEnd,
};
use crate::{bench::Usage, system::signals, transfer::peer_has_closed};
use local_socket::{
    Listener, ListenerOptions, Name, Stream,
    traits::{Listener as _, Stream as _},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The hidden command that starts this program as a server.
pub(crate) const COMMAND: &str = "bench-server";

/// Time limit for the server process to start and to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Time after which it is checked whether a server process that does not connect has ended.
const LOOK_AFTER: Duration = Duration::from_millis(100);

/// Time limit for an answer after an error.
const SHORT_LIMIT: Duration = Duration::from_secs(1);

/// Time between a signal to the server process and its end: longer than the other process takes to
/// end by the same signal.
const SIGNAL_DELAY: Duration = Duration::from_secs(2);

/// A request to the server process.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Request {
    /// Asks for the resource usage so far.
    Usage,
    /// Asks for the totals as well, after everything has been sent.
    Finish,
}

/// An answer of the server process.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Reply {
    /// The server is ready; with TCP, at this address.
    Ready(Option<SocketAddr>),
    Usage(Usage, Option<ServedTotals>),
    Failed(String),
}

/// A server in a separate process, which is killed on drop.
#[derive(Debug)]
pub(super) struct ServerProcess {
    control: BufReader<Stream>,
    _child: ChildGuard,
}

/// Kills the process on drop.
#[derive(Debug)]
struct ChildGuard(Child);

impl Drop for ChildGuard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl ServerProcess {
    /// Starts the process. Returns the address that clients connect to, if it has a listener.
    pub(super) fn start(
        job: &ServerJob,
        given: Option<UnopenedEnd>,
        control: &str,
    ) -> RunResult<(Self, Option<ServerAddress>)> {
        let control = name(control)?;
        let mut listener = ListenerOptions::new()
            .name(control.borrow())
            .create_sync()
            .map_err(BenchError::io("cannot start the server process"))?;
        listener.set_accept_timeout(Some(LOOK_AFTER))?;
        let mut command = Command::new(
            std::env::current_exe()
                .map_err(BenchError::io("cannot find the path of this program"))?,
        );
        command.arg(COMMAND).arg(control.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(ends) = given {
            ends.give_to(&mut command)?;
        }
        let mut child =
            ChildGuard(command.spawn().map_err(BenchError::io("cannot start the server process"))?);
        // `Command` holds descriptors of the server's end, which have to be closed in this
        // process.
        drop(command);
        let pid = child.0.id();
        listener.set_accept_filter(move |peer| {
            peer.pid().is_none_or(|peer| i64::from(peer) == i64::from(pid))
        });
        let stream = accept(&listener, &mut child)?;
        stream.set_recv_timeout(Some(LIMIT))?;
        let mut server = Self { control: BufReader::new(stream), _child: child };
        send(server.control.get_mut(), job).map_err(|_| BenchError::ServerDied)?;
        let Reply::Ready(tcp) = server.reply()? else { return Err(unexpected()) };
        let address = match (&job.listen, tcp) {
            (_, Some(tcp)) => Some(ServerAddress::Tcp([tcp].into())),
            (Some(ListenAddress::Name(text)), None) => Some(ServerAddress::Local(name(text)?)),
            _ => None,
        };
        Ok((server, address))
    }

    /// Shortens the time limit for answers.
    pub(super) fn shorten_timeout(&mut self) {
        // Ignored: the longer limit stays.
        let _ = self.control.get_ref().set_recv_timeout(Some(SHORT_LIMIT));
    }

    /// Returns the resource usage of the process so far, and the totals if requested.
    pub(super) fn ask(&mut self, request: Request) -> RunResult<(Usage, Option<ServedTotals>)> {
        send(self.control.get_mut(), &request).map_err(|_| BenchError::ServerDied)?;
        match self.reply()? {
            Reply::Usage(usage, served) => Ok((usage, served)),
            _ => Err(unexpected()),
        }
    }

    fn reply(&mut self) -> RunResult<Reply> {
        match receive(&mut self.control) {
            Ok(Some(Reply::Failed(text))) => Err(BenchError::Server(text)),
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(BenchError::ServerDied),
            Err(error) => Err(match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => BenchError::NoAnswer,
                ErrorKind::InvalidData => {
                    BenchError::io("cannot read the answer of the server process")(error)
                }
                // Windows reports an error instead of an end of file.
                _ => BenchError::ServerDied,
            }),
        }
    }
}

/// Waits until the server process connects.
///
/// # Errors
/// `ServerDied` if it has ended, or the error of accepting.
fn accept(listener: &Listener, child: &mut ChildGuard) -> RunResult<Stream> {
    let started = Instant::now();
    loop {
        match listener.accept() {
            Ok(stream) => return Ok(stream),
            Err(_) if child.0.try_wait()?.is_some() => return Err(BenchError::ServerDied),
            Err(error) if error.kind() == ErrorKind::TimedOut && started.elapsed() < LIMIT => {}
            Err(error) => return Err(BenchError::io("the server process did not connect")(error)),
        }
    }
}

fn unexpected() -> BenchError {
    io::Error::other("unexpected answer of the server process").into()
}

fn send(stream: &mut Stream, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(message)?;
    line.push('\n');
    stream.write_all(line.as_bytes())
}

fn receive<T: DeserializeOwned>(reader: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

/// Runs as the server of the process that started this one, until that process closes the
/// connection.
pub(crate) fn serve(control: &Name<'static>) -> RunResult<()> {
    // A terminal sends signals to both processes. If this one ended first, the other one would
    // report an error instead of ending by the signal.
    signals::on_termination(|signal| {
        thread::sleep(SIGNAL_DELAY);
        signals::die(signal);
    })
    .map_err(BenchError::io("cannot handle signals"))?;
    let stream = Stream::connect(control.borrow())
        .map_err(BenchError::io("cannot connect to the process that started this server"))?;
    match answer_requests(BufReader::new(stream)) {
        // The other process has ended before the end of an answer, so nobody reads the error.
        Err(BenchError::System(error)) if peer_has_closed(&error) => Ok(()),
        result => result,
    }
}

fn answer_requests(mut control: BufReader<Stream>) -> RunResult<()> {
    let Some(job) = receive::<ServerJob>(&mut control)? else { return Ok(()) };
    let mut server = match start(&job) {
        Ok((server, ready)) => {
            send(control.get_mut(), &Reply::Ready(ready))?;
            Some(server)
        }
        Err(error) => return Ok(send(control.get_mut(), &failed(&error))?),
    };
    while let Some(request) = receive(&mut control)? {
        let served = match (request, server.take()) {
            (Request::Finish, Some(running)) => running.finish().map(Some),
            (_, running) => {
                server = running;
                Ok(None)
            }
        };
        let reply = served.and_then(|served| Ok(Reply::Usage(Usage::now()?, served)));
        send(control.get_mut(), &reply.unwrap_or_else(|error| failed(&error)))?;
    }
    Ok(())
}

fn start(job: &ServerJob) -> RunResult<(WorkloadServer, Option<SocketAddr>)> {
    let given = match job.listen {
        None => vec![UnopenedEnd::standard(job.case.over)?],
        Some(_) => Vec::new(),
    };
    let server = WorkloadServer::start(job, given)?;
    let tcp = match server.address()? {
        Some(ServerAddress::Tcp(addresses)) => addresses.first().copied(),
        _ => None,
    };
    Ok((server, tcp))
}

fn failed(error: &BenchError) -> Reply {
    Reply::Failed(error.to_string())
}
