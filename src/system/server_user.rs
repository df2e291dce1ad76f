//! The user that the server of a local socket must run as (`--server-user`).

use super::{
    ServerUser,
    accounts::{self, UserId},
    user_names,
};
use crate::diag::Failure;
use local_socket::{Name, error::reason};
use std::{
    fmt::{self, Display, Formatter},
    io,
};

/// The users as one of which a server must run.
#[derive(Clone, Debug)]
pub(crate) struct ExpectedServer {
    users: Vec<UserId>,
    /// The first of them, for messages.
    text: String,
}

/// The reason why a server is not accepted.
#[derive(Debug)]
pub(crate) enum ServerRefusal {
    /// It runs as another user.
    Foreign(UserId),
    /// The system does not report its user.
    Unknown(io::Error),
}

impl ExpectedServer {
    /// Looks up the user.
    ///
    /// # Errors
    /// `Usage` if there is no such user, `Unsupported` for a form that this system does not have.
    pub(crate) fn new(user: &ServerUser) -> Result<Self, Failure> {
        let users = accounts::servers(user)?;
        // The second one, if there is one, is another identity of the same person.
        let text = users.first().map(|user| accounts::describe(*user, user_names::look_up(*user)));
        Ok(Self { text: text.unwrap_or_default(), users })
    }

    /// Compares the user of a server that was connected to, before anything is sent to it.
    pub(crate) fn check(&self, user: io::Result<UserId>) -> Result<(), ServerRefusal> {
        match user {
            Ok(user) if self.users.contains(&user) => Ok(()),
            Ok(user) => Err(ServerRefusal::Foreign(user)),
            Err(error) => Err(ServerRefusal::Unknown(error)),
        }
    }

    /// Returns the failure of a connection to the name. It blocks the thread.
    pub(crate) fn failure(&self, refusal: ServerRefusal, name: &Name<'_>) -> Failure {
        let found = match &refusal {
            ServerRefusal::Foreign(user) => user_names::look_up(*user),
            ServerRefusal::Unknown(_) => None,
        };
        self.described(refusal, found, name)
    }

    /// Returns the failure of a connection to the name, in an event loop.
    pub(crate) async fn failure_in_loop(&self, refusal: ServerRefusal, name: &Name<'_>) -> Failure {
        let found = match &refusal {
            ServerRefusal::Foreign(user) => user_names::get(*user).await,
            ServerRefusal::Unknown(_) => None,
        };
        self.described(refusal, found, name)
    }

    fn described(&self, refusal: ServerRefusal, found: Option<String>, name: &Name<'_>) -> Failure {
        let reason = match refusal {
            ServerRefusal::Foreign(user) => {
                accounts::foreign_server(&accounts::describe(user, found), &self.text)
            }
            ServerRefusal::Unknown(error) => {
                format!("the user of its server is not known: {}", reason(&error))
            }
        };
        Failure::ForeignServer { name: name.to_string(), reason }
    }
}

/// For `--explain`.
impl Display for ExpectedServer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "its user     {}", self.text)
    }
}
