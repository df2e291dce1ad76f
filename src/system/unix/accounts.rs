//! Users and groups (`passwd(5)`, `group(5)`, and what `nsswitch.conf(5)` names).

use super::socket::Socket;
use crate::{
    diag::{Failure, USAGE},
    system::{
        GivenAccount, ServerUser,
        peer::{PeerUser, PeerUserId},
    },
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

/// Returns what identifies the user of a peer.
pub(crate) fn peer_id(user: UserId) -> PeerUserId {
    PeerUserId::Uid(user)
}

/// Formats a user for messages.
pub(crate) fn describe(user: UserId, name: Option<String>) -> String {
    PeerUser { name, id: peer_id(user) }.to_string()
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
        ServerUser::Account(GivenAccount::User(name)) => user_id(name)?,
        ServerUser::Account(GivenAccount::Uid(uid)) => *uid,
        ServerUser::Account(GivenAccount::Sid(_)) => return Err(no_sids("--server-user sid:")),
        ServerUser::Account(GivenAccount::Group(_) | GivenAccount::Gid(_)) => {
            return Err(Failure::Usage("--server-user takes no group".to_owned()));
        }
    }])
}

/// An end of a connection.
pub(crate) trait StreamEnd: StreamCommon {}
impl<S: StreamCommon> StreamEnd for S {}

/// Returns `None`: messages contain the numbers.
pub(crate) fn in_messages(_: &impl StreamEnd) -> Option<String> {
    None
}

/// Returns the user of the process at the other end of a stream: that of the connection's client,
/// or of the process that has called `listen(2)`.
pub(crate) fn peer_of(stream: &impl StreamEnd) -> io::Result<UserId> {
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
    let message = match error {
        Some(error) => format!("cannot look up the {what} `{name}`: {error}"),
        None => format!("there is no {what} `{name}`"),
    };
    if what == "user" && name.parse::<u32>().is_ok() {
        let hint = Some(format!("write uid:{name} for the user with this number"));
        return Failure::Advised { message, hint, status: USAGE };
    }
    Failure::Usage(message)
}

/// Returns the names of the users in `passwd(5)`. Those of other sources in `nsswitch.conf(5)` are
/// left out: to list them can take long.
pub(crate) fn user_names() -> Vec<String> {
    first_fields("/etc/passwd")
}

/// Returns the names of the groups in `group(5)`.
pub(crate) fn group_names() -> Vec<String> {
    first_fields("/etc/group")
}

fn first_fields(file: &str) -> Vec<String> {
    let text = std::fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let names = text.lines().filter_map(|line| line.split(':').next());
    names.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_owned).collect()
}
