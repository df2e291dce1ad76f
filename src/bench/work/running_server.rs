//! The server of a run: a process, workers of this process, or an external server.

use super::{
    BenchError, RunResult,
    address::ServerAddress,
    control::{Request, ServerProcess},
    listener::ListenAddress,
    server::{ServedTotals, ServerJob, WorkloadServer},
    unopened_end::UnopenedEnd,
};
use crate::{
    bench::{Case, ServerKind, Transport, Usage},
    system::HAS_SOCKET_FILES,
};
use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::PathBuf,
};

/// The started server of a run.
#[derive(Debug)]
pub(super) enum RunningServer {
    Process(ServerProcess),
    InProcess(WorkloadServer),
    External,
}

/// How clients get their connections.
#[derive(Debug)]
pub(super) enum ServerAccess {
    /// They connect to this address.
    Connect(ServerAddress),
    /// These ends are connected already.
    Given(Vec<UnopenedEnd>),
}

impl RunningServer {
    /// Starts the server of a run, unless it is an external one.
    pub(super) fn start(
        kind: ServerKind,
        external: Option<&ServerAddress>,
        case: &Case,
        cpu: Option<usize>,
        names: &RunNames,
    ) -> RunResult<(Self, ServerAccess)> {
        if let Some(address) = external {
            return Ok((Self::External, ServerAccess::Connect(address.clone())));
        }
        let listen = names.listen_address(case.over);
        let has_listener = listen.is_some();
        let job = ServerJob { case: case.clone(), listen, cpu };
        let (mut clients, mut given) = (Vec::new(), Vec::new());
        for _ in 0..if has_listener { 0 } else { case.clients } {
            let (client, server) = UnopenedEnd::pair(case.over)?;
            clients.push(client);
            given.push(server);
        }
        let (server, address) = if kind == ServerKind::InProcess {
            let server = WorkloadServer::start(&job, given)?;
            let address = server.address()?;
            (Self::InProcess(server), address)
        } else {
            // The plan has one client if there is no listener.
            let (server, address) = ServerProcess::start(&job, given.pop(), &names.control())?;
            (Self::Process(server), address)
        };
        Ok((server, address.map_or(ServerAccess::Given(clients), ServerAccess::Connect)))
    }

    /// Returns the server's error, if there was one.
    pub(super) fn failure_reason(&mut self) -> Option<BenchError> {
        if let Self::Process(server) = self {
            server.shorten_timeout();
        }
        self.finish().err()
    }

    /// Returns the resource usage of the server process so far, if there is one.
    pub(super) fn usage(&mut self) -> RunResult<Option<Usage>> {
        match self {
            Self::Process(server) => Ok(Some(server.ask(Request::Usage)?.0)),
            Self::InProcess(_) | Self::External => Ok(None),
        }
    }

    /// Returns the totals, if they are known, and the resource usage of the server process.
    /// Later calls return nothing.
    pub(super) fn finish(&mut self) -> RunResult<(Option<ServedTotals>, Option<Usage>)> {
        match std::mem::replace(self, Self::External) {
            Self::Process(mut server) => {
                server.ask(Request::Finish).map(|(usage, served)| (served, Some(usage)))
            }
            Self::InProcess(server) => server.finish().map(|served| (Some(served), None)),
            Self::External => Ok((None, None)),
        }
    }
}

/// Unique names for the sockets of a run.
#[derive(Clone, Debug)]
pub(super) struct RunNames {
    /// Folder for socket files.
    folder: PathBuf,
    /// Processes in different containers can have the same number and share a namespace.
    random: u64,
    run: u32,
}

impl RunNames {
    pub(super) fn new(folder: PathBuf) -> Self {
        // The keys of `RandomState` are random; nothing is hashed.
        Self { folder, random: RandomState::new().build_hasher().finish(), run: 0 }
    }

    /// Switches to the names of the next run.
    pub(super) fn advance(&mut self) {
        self.run += 1;
    }

    fn unique(&self, what: &str) -> String {
        format!("lsock-bench{what}-{}-{:x}-{}", std::process::id(), self.random, self.run)
    }

    fn control(&self) -> String {
        format!("@{}", self.unique("-control"))
    }

    /// Returns the address of the server, if the transport has a listener.
    fn listen_address(&self, over: Transport) -> Option<ListenAddress> {
        match over {
            Transport::File if !HAS_SOCKET_FILES => {
                Some(ListenAddress::Name(format!(r"\\.\pipe\{}", self.unique(""))))
            }
            Transport::File => {
                let path = self.folder.join(format!("{}.sock", self.run));
                Some(ListenAddress::Name(path.to_string_lossy().into_owned()))
            }
            Transport::Abstract => Some(ListenAddress::Name(format!("@{}", self.unique("")))),
            Transport::Tcp => Some(ListenAddress::Tcp(Vec::new())),
            Transport::Pipe | Transport::Socketpair => None,
        }
    }
}
