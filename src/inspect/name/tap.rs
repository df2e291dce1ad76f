//! What a tap of a name has left behind, or has there while it runs.

use super::ReportBlock;
use crate::{
    diag::quoted,
    inspect::tap::{Leftover, TapPaths, TapProblem},
    system::{
        PathFacts,
        socket_table::{ListedName, PathFinding},
    },
};
use std::path::Path;

/// A socket file at the path that a tap uses for the file of the server.
#[derive(Debug)]
pub(crate) struct FileAside {
    paths: TapPaths,
    state: AsideState,
}

#[derive(Debug)]
enum AsideState {
    /// The server's file: a tap was killed while it served.
    Server,
    /// A stale file: a tap was killed while it started or ended, or the server has ended since.
    Stale,
    /// An open socket, while another one is open at the name: most likely a tap is running.
    Open,
    /// An open socket with other permissions than the file at the name: no tap puts it back.
    Foreign,
}

impl FileAside {
    /// Finds what is aside of a path. Symbolic links were followed.
    pub(super) fn find(facts: &PathFacts) -> Option<Self> {
        let paths = TapPaths::of_file(facts.target().to_owned());
        let state = match Leftover::find(&paths) {
            Ok(None) => return None,
            Ok(Some(Leftover::Server(_))) => AsideState::Server,
            Ok(Some(Leftover::Stale(_))) => AsideState::Stale,
            Ok(Some(Leftover::Running(_))) => AsideState::Open,
            Err(TapProblem::ForeignAside) => AsideState::Foreign,
            // It cannot be found out, or is no socket of a tap.
            Err(problem) => {
                tracing::debug!(%problem, "the path of a tap was not examined");
                return None;
            }
        };
        Some(Self { paths, state })
    }

    /// Returns the server's file, if a tap has left it aside.
    pub(super) fn server(&self) -> Option<&Path> {
        matches!(self.state, AsideState::Server).then_some(&*self.paths.aside)
    }

    /// Returns the stale file of a tap.
    pub(super) fn stale(&self) -> Option<&Path> {
        matches!(self.state, AsideState::Stale).then_some(&*self.paths.aside)
    }

    pub(super) fn add_to(&self, block: &mut ReportBlock) {
        let aside = self.paths.aside_text();
        // A path that is not text is given in digits.
        let (path, finding) = (self.paths.name.clone(), PathFinding::Found);
        let name = quoted(&ListedName::Path { path, finding }.to_string());
        let text = match self.state {
            AsideState::Server => format!(
                "a tap was killed; the server's file is {aside} now: `lsock tap --restore {name}` \
                 puts it back"
            ),
            AsideState::Stale => format!(
                "a tap has left the stale file {aside} behind: `lsock tap --restore {name}` removes it"
            ),
            AsideState::Open => {
                format!("{aside} is open too: it is the server's, if a tap listens here")
            }
            AsideState::Foreign => format!(
                "{aside} is an open socket, but has another owner, group or mode than the file here: \
                 no tap puts it back"
            ),
        };
        block.line("tap", &text);
    }
}
