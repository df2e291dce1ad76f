//! `lsock name`: what a name means, what stands there, who listens, and whether it works.

mod json;
mod meaning;
mod probe;
mod tap;
mod text;

pub(crate) use json::json;
pub(crate) use meaning::{NameMeaning, meanings};
pub(crate) use probe::{ProbeResult, Prober};
pub(crate) use tap::FileAside;
use text::ReportBlock;
pub(crate) use text::text;

use crate::{
    diag::{Outcome, standing::Fact},
    system::{
        ListenState, NameSockets, PathEnd, PathFacts, SocketQuery, examine_path, find_sockets,
        server_elsewhere,
    },
};
use local_socket::Name;

/// Everything that is known about a name.
#[derive(Debug)]
pub(crate) struct NameReport {
    pub(crate) name: Name<'static>,
    pub(crate) meanings: Vec<NameMeaning>,
    /// What stands at the path; `None` if the name is no file.
    pub(crate) path: Option<PathFacts>,
    /// What a tap has beside the file.
    pub(crate) aside: Option<FileAside>,
    pub(crate) sockets: NameSockets,
    /// Where else the name exists, if nobody listens on it here.
    pub(crate) elsewhere: Option<Fact>,
    pub(crate) probe: Option<ProbeResult>,
}

impl NameReport {
    /// Examines a name, and connects to it if there is a prober. The name is examined before, so that
    /// the report does not contain the connection; it is examined again if the server has come
    /// meanwhile.
    pub(crate) fn new(name: &Name<'static>, query: SocketQuery, prober: Option<&Prober>) -> Self {
        let mut report = Self::examined(name, query);
        report.probe = prober.map(|prober| prober.probe(name));
        let has_come = matches!(report.probe, Some(ProbeResult::Accepted))
            && matches!(report.sockets.listening, ListenState::No);
        if has_come {
            report = Self { probe: report.probe, ..Self::examined(name, query) };
        }
        report
    }

    fn examined(name: &Name<'static>, query: SocketQuery) -> Self {
        let path = examine_path(name);
        let sockets = match path.as_ref().map(|path| &path.end) {
            // What is in the folder, only others may find out.
            Some(PathEnd::Nowhere(Fact::ClosedFolder(..))) => NameSockets::UNKNOWN,
            // What is no file of the right kind has no sockets.
            Some(PathEnd::Nowhere(_)) => NameSockets::without_server(ListenState::No),
            Some(PathEnd::File(file)) if !file.is_socket() => {
                NameSockets::without_server(ListenState::No)
            }
            _ => find_sockets(name, query),
        };
        let is_quick = query == SocketQuery::IsListening;
        let is_asked = !is_quick && sockets.listening == ListenState::No;
        Self {
            name: name.clone(),
            meanings: meanings(name),
            aside: path.as_ref().filter(|_| !is_quick).and_then(FileAside::find),
            path,
            elsewhere: is_asked.then(|| server_elsewhere(name)).flatten(),
            sockets,
            probe: None,
        }
    }

    /// Returns the outcome that decides the exit status.
    pub(crate) fn outcome(&self) -> Outcome {
        match &self.probe {
            Some(probe) => probe.outcome(),
            None => match self.sockets.listening {
                ListenState::Yes | ListenState::Open => Outcome::Done,
                ListenState::No | ListenState::Unknown => Outcome::Absent,
            },
        }
    }
}
