//! Users and groups (`passwd(5)`, `group(5)`, and what `nsswitch.conf(5)` names).

use super::socket::Socket;
use crate::{
    diag::Failure,
    system::{Account, ServerUser},
};
use local_socket::{PeerCreds, traits::StreamCommon};
use nix::unistd::{Gid, Group, Uid, User};
use std::{fmt::Display, io};

/// The number of a user.
pub(crate) type UserId = u32;

/// Returns the name of a user, if it has one. It blocks the thread.
pub(crate) fn name_of(user: UserId) -> io::Result<Option<String>> {
    Ok(User::from_uid(Uid::from_raw(user))?.map(|user| user.name))
}

/// Returns `None`: the number is in a variable of its own.
pub(crate) fn sid(_: UserId) -> Option<String> {
    None
}

/// Formats a user for messages.
pub(crate) fn describe(user: UserId, name: Option<String>) -> String {
    match name {
        Some(name) => format!("{name} (uid {user})"),
        None => format!("uid {user}"),
    }
}

/// Returns the reason to refuse a server.
pub(crate) fn foreign_server(found: &str, expected: &str) -> String {
    format!("its server runs as {found}, not as {expected}")
}

/// Returns the users as one of which a server must run.
///
/// # Errors
/// `Usage` if there is no such user, `Unsupported` for security identifiers.
pub(crate) fn servers(user: &ServerUser) -> Result<Vec<UserId>, Failure> {
    Ok(vec![match user {
        ServerUser::Me => Uid::effective().as_raw(),
        ServerUser::Account(Account::User(name)) => user_id(name)?,
        ServerUser::Account(Account::Uid(uid)) => *uid,
        ServerUser::Account(Account::Sid(_)) => return Err(no_sids("--server-user sid:")),
        ServerUser::Account(Account::Group(_) | Account::Gid(_)) => {
            return Err(Failure::Usage("--server-user takes no group".to_owned()));
        }
    }])
}

/// An end of a connection.
pub(crate) trait End: StreamCommon {}
impl<S: StreamCommon> End for S {}

/// Returns `None`: messages contain the numbers.
pub(crate) fn in_messages(_: &impl End) -> Option<String> {
    None
}

/// Returns the user of the process at the other end of a stream: that of the connection's client,
/// or of the process that has called `listen(2)`.
pub(crate) fn peer_of(stream: &impl End) -> io::Result<UserId> {
    user_of(&stream.peer_creds()?)
}

/// Returns the user of a connection to a command.
pub(crate) fn peer_of_socket(_: &Socket, peer: &PeerCreds) -> io::Result<UserId> {
    user_of(peer)
}

fn user_of(peer: &PeerCreds) -> io::Result<UserId> {
    match peer.euid() {
        Some(uid) if peer.is_user(uid) => Ok(uid),
        Some(_) => Err(io::Error::other("this user namespace does not map it")),
        None => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Returns the number of a user.
pub(super) fn user_id(name: &str) -> Result<u32, Failure> {
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        result => Err(unknown("user", name, result.err())),
    }
}

/// Returns the number of a group that is given by name or number.
pub(super) fn group_id(group: &str) -> Result<u32, Failure> {
    match Group::from_name(group) {
        Ok(Some(found)) => Ok(found.gid.as_raw()),
        result => group
            .parse()
            .map(|gid| Gid::from_raw(gid).as_raw())
            .map_err(|_| unknown("group", group, result.err())),
    }
}

/// Returns the error of an option with a security identifier.
pub(super) fn no_sids(option: &'static str) -> Failure {
    Failure::Unsupported {
        option,
        why: "only Windows has security identifiers; user:NAME and uid:N name users",
    }
}

fn unknown(what: &str, name: &str, error: Option<impl Display>) -> Failure {
    Failure::Usage(match error {
        Some(error) => format!("cannot look up the {what} `{name}`: {error}"),
        None => format!("there is no {what} `{name}`"),
    })
}
