//! Accounts of users and groups.

use super::socket::Socket;
use crate::{
    diag::Failure,
    system::{
        GivenAccount, ServerUser,
        peer::{PeerUser, PeerUserId},
        user_names,
    },
};
use local_socket::{
    PeerCreds,
    error::reason,
    os::windows::{self, AccountKind, Sid},
    tokio,
};
use std::io::{self, ErrorKind};

/// The identifier of a user.
pub(crate) type UserId = Sid;

/// Returns the name of a user, with its domain, if it has one. It blocks the thread.
pub(crate) fn name_of(user: UserId) -> io::Result<Option<String>> {
    match windows::Account::of(user) {
        Ok(account) => Ok(Some(account.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns what identifies the user of a peer.
pub(crate) fn peer_id(user: UserId) -> PeerUserId {
    PeerUserId::Sid(user.to_string())
}

/// Formats a user for messages.
pub(crate) fn describe(user: UserId, name: Option<String>) -> String {
    PeerUser { name, id: peer_id(user) }.to_string()
}

/// Returns the reason to refuse a server.
pub(crate) fn foreign_server(found: &str, expected: &str) -> String {
    format!("the pipe belongs to {found}, not to {expected}")
}

/// Returns the accounts to one of which the pipe of a server must belong. The pipes of this user
/// can belong to the administrators, if this process runs with their rights.
///
/// # Errors
/// `Usage` if there is no such account, `Unsupported` for numbers of users.
pub(crate) fn servers(user: &ServerUser) -> Result<Vec<UserId>, Failure> {
    const OPTION: &str = "--server-user uid:";
    match user {
        ServerUser::Me => Sid::current_user()
            .and_then(|user| Ok(vec![user, Sid::default_owner()?]))
            .map_err(|error| Failure::Io { what: "cannot find out the user", error }),
        ServerUser::Account(GivenAccount::User(name) | GivenAccount::Group(name)) => {
            Ok(vec![named(name)?.sid()])
        }
        ServerUser::Account(GivenAccount::Sid(sid)) => Ok(vec![parsed(sid)?]),
        ServerUser::Account(GivenAccount::Uid(_) | GivenAccount::Gid(_)) => Err(no_numbers(OPTION)),
    }
}

/// Returns the identifier of an account that `--allow` admits.
///
/// # Errors
/// As [`servers`]; `Usage` also for a group that is named as a user, and for the opposite.
pub(super) fn client(account: &GivenAccount) -> Result<Sid, Failure> {
    let (name, is_user) = match account {
        GivenAccount::User(name) => (name, true),
        GivenAccount::Group(name) => (name, false),
        GivenAccount::Sid(sid) => return parsed(sid),
        GivenAccount::Uid(_) => return Err(no_numbers("--allow uid:")),
        GivenAccount::Gid(_) => return Err(no_numbers("--allow gid:")),
    };
    let account = named(name)?;
    // A word for the wrong kind would admit others than intended.
    match (account.kind(), is_user) {
        (AccountKind::Group, true) => Err(Failure::Usage(format!(
            "`{account}` is a group, not a user: --allow group:NAME admits its members"
        ))),
        (AccountKind::User | AccountKind::Computer, false) => Err(Failure::Usage(format!(
            "`{account}` is a user, not a group: --allow user:NAME admits it"
        ))),
        _ => Ok(account.sid()),
    }
}

/// An end of a pipe.
pub(crate) trait StreamEnd {
    /// Returns the user at the other end: of the client by its token, of the server by the owner of
    /// the pipe. A process can forge neither, other than its identifier.
    fn user(&self) -> io::Result<UserId>;
}

/// Implements the trait for a synchronous or asynchronous stream.
macro_rules! end {
    ($stream:ty) => {
        impl StreamEnd for $stream {
            fn user(&self) -> io::Result<UserId> {
                let Self::NamedPipe(pipe) = self;
                if pipe.is_server() { pipe.peer_user() } else { pipe.pipe_owner() }
            }
        }
    };
}
end!(local_socket::Stream);
end!(tokio::Stream);

/// Returns the user at the other end of a pipe.
pub(crate) fn peer_of(stream: &impl StreamEnd) -> io::Result<UserId> {
    stream.user()
}

/// Returns the user at the other end of a pipe for messages. It does not block: the account is named
/// if it was looked up before.
pub(crate) fn in_messages(stream: &impl StreamEnd) -> Option<String> {
    let user = stream.user().ok()?;
    Some(describe(user, user_names::known(user)))
}

/// Returns the user of a connection to a command. It is not known of a client of another library
/// that has not sent anything yet.
pub(crate) fn peer_of_socket(socket: &Socket, _: &PeerCreds) -> io::Result<UserId> {
    match socket {
        Socket::Local(pipe) => peer_of(pipe.stream()),
        Socket::Tcp(_) | Socket::Command { .. } => Err(ErrorKind::Unsupported.into()),
    }
}

fn named(name: &str) -> Result<windows::Account, Failure> {
    windows::Account::named(name)
        .and_then(|account| match account.kind() {
            // Such as the name of the computer itself, which comes before a user of that name.
            AccountKind::Other => Err(ErrorKind::NotFound.into()),
            _ => Ok(account),
        })
        .map_err(|error| {
            Failure::Usage(match error.kind() {
                ErrorKind::NotFound => format!("there is no account `{name}`"),
                _ => format!("cannot look up the account `{name}`: {}", reason(&error)),
            })
        })
}

fn parsed(sid: &str) -> Result<Sid, Failure> {
    sid.parse().map_err(|_| {
        Failure::Usage(format!("`sid:{sid}` is no security identifier, such as S-1-5-18"))
    })
}

fn no_numbers(option: &'static str) -> Failure {
    Failure::Unsupported {
        option,
        why: "Windows does not number users and groups; user:NAME, group:NAME and sid:SID name them",
    }
}

/// Returns nothing: the scripts of completion that ask for users are those of Unix shells.
pub(crate) fn user_names() -> Vec<String> {
    Vec::new()
}

/// Returns nothing, as [`user_names`].
pub(crate) fn group_names() -> Vec<String> {
    Vec::new()
}
