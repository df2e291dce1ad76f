//! The server of a run, wherever it is.

use super::{
    address::Address,
    clients::Does,
    control::ServerProcess,
    listener::ListenAt,
    server::{Job, Served, Server},
    unopened::Unopened,
};
use crate::bench::{Case, Transport, Usage};
use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::PathBuf,
};

/// Whose server clients connect to.
#[derive(Clone, Debug)]
pub(crate) enum ServerIs {
    /// Ours, in a process of its own.
    Process,
    /// Ours, in this process.
    Here,
    /// Somebody else's, and what it does with what it gets.
    Foreign(Address, Does),
}

/// The server of a run.
#[derive(Debug)]
pub(super) enum Side {
    Process(ServerProcess),
    Here(Server),
    Foreign,
}

/// How clients get to the server.
#[derive(Debug)]
pub(super) enum Way {
    /// They connect.
    Connect(Address),
    /// They have these connections already.
    Given(Vec<Unopened>),
}

impl ServerIs {
    /// What it does with what it gets.
    pub(super) fn does(&self) -> Does {
        match self {
            Self::Foreign(_, does) => *does,
            Self::Process | Self::Here => Does::Whatever,
        }
    }

    /// Starts it for a run, under names of its own.
    pub(super) fn start(
        &self,
        case: &Case,
        cpu: Option<usize>,
        names: &Names,
    ) -> anyhow::Result<(Side, Way)> {
        let job = |at| Job { case: case.clone(), at, cpu };
        let at = names.listen_at(case.over);
        match self {
            Self::Foreign(address, _) => Ok((Side::Foreign, Way::Connect(address.clone()))),
            Self::Process if at.is_some() => {
                let (server, address) = ServerProcess::start(&job(at), None, &names.control())?;
                Ok((Side::Process(server), way(address, Vec::new())))
            }
            Self::Process => {
                // The plan has no more than one client then.
                let (client, given) = Unopened::pair(case.over)?;
                let (server, address) =
                    ServerProcess::start(&job(None), Some(given), &names.control())?;
                Ok((Side::Process(server), way(address, vec![client])))
            }
            Self::Here => {
                let (mut clients, mut given) = (Vec::new(), Vec::new());
                for _ in 0..if at.is_some() { 0 } else { case.clients } {
                    let (client, server) = Unopened::pair(case.over)?;
                    clients.push(client);
                    given.push(server);
                }
                let server = Server::start(&job(at), given)?;
                let address = server.address()?;
                Ok((Side::Here(server), way(address, clients)))
            }
        }
    }
}

fn way(address: Option<Address>, clients: Vec<Unopened>) -> Way {
    address.map_or(Way::Given(clients), Way::Connect)
}

/// The names of a run, which nobody else has.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Where socket files are made.
    folder: PathBuf,
    /// Processes of one number can share a namespace: those of containers.
    random: u64,
    run: u32,
}

impl Names {
    pub(super) fn new(folder: PathBuf) -> Self {
        // It hashes nothing, with a key that is random.
        Self { folder, random: RandomState::new().build_hasher().finish(), run: 0 }
    }

    /// Those of the next run.
    pub(super) fn advance(&mut self) {
        self.run += 1;
    }

    fn own(&self, what: &str) -> String {
        format!("lsock-bench{what}-{}-{:x}-{}", std::process::id(), self.random, self.run)
    }

    fn control(&self) -> String {
        format!("@{}", self.own("-control"))
    }

    /// Where our server is to listen, if clients connect to it.
    fn listen_at(&self, over: Transport) -> Option<ListenAt> {
        match over {
            Transport::Fs if cfg!(windows) => {
                Some(ListenAt::Name(format!(r"\\.\pipe\{}", self.own(""))))
            }
            Transport::Fs => {
                let path = self.folder.join(format!("{}.sock", self.run));
                Some(ListenAt::Name(path.to_string_lossy().into_owned()))
            }
            Transport::Ns => Some(ListenAt::Name(format!("@{}", self.own("")))),
            Transport::Tcp => Some(ListenAt::Tcp(Vec::new())),
            Transport::Pipe | Transport::Socketpair => None,
        }
    }
}

impl Side {
    /// Why it went wrong, if the server knows.
    pub(super) fn reason(&mut self) -> Option<anyhow::Error> {
        if let Self::Process(server) = self {
            server.hurry();
        }
        self.finish().err()
    }

    /// What the server's process has used until now, if it is one.
    pub(super) fn usage(&mut self) -> anyhow::Result<Option<Usage>> {
        match self {
            Self::Process(server) => server.usage().map(Some),
            Self::Here(_) | Self::Foreign => Ok(None),
        }
    }

    /// What has come, where that is known, and what the process has used. After this there
    /// is no server of ours any more.
    pub(super) fn finish(&mut self) -> anyhow::Result<(Option<Served>, Option<Usage>)> {
        match std::mem::replace(self, Self::Foreign) {
            Self::Process(mut server) => {
                server.finish().map(|(served, usage)| (Some(served), Some(usage)))
            }
            Self::Here(server) => server.finish().map(|served| (Some(served), None)),
            Self::Foreign => Ok((None, None)),
        }
    }
}
