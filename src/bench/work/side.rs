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
use std::path::Path;

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

    /// Starts it for a run of that number, with its file in that folder if it has one.
    pub(super) fn start(
        &self,
        case: &Case,
        cpu: Option<usize>,
        folder: &Path,
        run: u32,
    ) -> anyhow::Result<(Side, Way)> {
        let job = |at| Job { case: case.clone(), at, cpu };
        let at = listen_at(case.over, folder, run);
        match self {
            Self::Foreign(address, _) => Ok((Side::Foreign, Way::Connect(address.clone()))),
            Self::Process if at.is_some() => {
                let (server, address) = ServerProcess::start(&job(at), None, run)?;
                Ok((Side::Process(server), way(address, Vec::new())))
            }
            Self::Process => {
                // The plan has no more than one client then.
                let (client, given) = Unopened::pair(case.over)?;
                let (server, address) = ServerProcess::start(&job(None), Some(given), run)?;
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

/// Where our server is to listen, if clients connect to it.
fn listen_at(over: Transport, folder: &Path, run: u32) -> Option<ListenAt> {
    let own = format!("lsock-bench-{}-{run}", std::process::id());
    match over {
        Transport::Fs if cfg!(windows) => Some(ListenAt::Name(format!(r"\\.\pipe\{own}"))),
        Transport::Fs => {
            let path = folder.join(format!("{run}.sock"));
            Some(ListenAt::Name(path.to_string_lossy().into_owned()))
        }
        Transport::Ns => Some(ListenAt::Name(format!("@{own}"))),
        Transport::Tcp => Some(ListenAt::Tcp(None)),
        Transport::Pipe | Transport::Socketpair => None,
    }
}

impl Side {
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
