use super::{
    Failure, SocketFailure,
    assuan::AssuanError,
    escaped, quoted, shell_of,
    standing::{Fact, Rights, Standing},
};
use local_socket::{
    Directions, GenericFilePath, Name, Platform, ToFsName as _,
    error::{Holder, Obstacle, SocketError},
};
use std::{
    io::{self, ErrorKind},
    path::Path,
};

impl Failure {
    /// Returns what the user can do about the error, if anything. `help` names the help of the
    /// command.
    pub(super) fn hint(&self, help: &str) -> Option<String> {
        match self {
            Self::Usage(_) => Some(help.to_owned()),
            Self::Bind(error) => bind(error),
            Self::Connect { file: Some(file), .. } => Some(format!(
                "there is a socket file of that name in this folder: use {}",
                word(file)
            )),
            Self::Connect { error, file: None } => connect(error),
            Self::ConnectTimedOut { error, .. } if has_lasting_cause(error) => connect(error),
            Self::ConnectTimedOut { error, option, .. } => {
                let longer = format!("a longer {option} gives the server more time");
                let name = SocketError::of(&error.error).map(SocketError::name);
                Some(match (error.fact(), name) {
                    (Some(Fact::FullBacklog(_)), Some(name)) => {
                        format!("{longer}; `lsock name {}` shows it and its clients", word(name))
                    }
                    _ => longer,
                })
            }
            Self::Unserved { user, .. } => user.as_ref().map(|user| {
                format!(
                    "the server runs as {user} and may not serve this user (lsock listen --allow)"
                )
            }),
            Self::Advised { hint, .. } => hint.clone(),
            Self::Unanswered(_) => Some("a longer --answer-timeout gives it more time".to_owned()),
            Self::Run { failure, .. } => failure.hint(help),
            Self::Program { command, is_one_word: true, .. } => Some(one_word(command)),
            Self::Unsupported { .. }
            | Self::ForeignServer { .. }
            | Self::Idle(_)
            | Self::MaxTime(_)
            | Self::Undelivered { .. }
            | Self::Program { is_one_word: false, .. }
            | Self::Command { .. }
            | Self::Differs(_)
            | Self::Slower(_)
            | Self::Saved { .. }
            | Self::Output { .. }
            | Self::Internal(_)
            | Self::Io { .. } => None,
        }
    }
}

/// Returns the hint for a whole command line in one word.
fn one_word(line: &str) -> String {
    let ([shell, option], line) = (shell_of(Platform::CURRENT), quoted(line));
    format!("it is one word: separate the arguments, or use a shell: `-- {shell} {option} {line}`")
}

fn bind(failure: &SocketFailure) -> Option<String> {
    let socket = SocketError::of(&failure.error)?;
    if let Some(hint) = tilde(&failure.error, socket.name()) {
        return Some(hint);
    }
    if let Some(hint) = slash_hint(socket.name(), failure.fact()) {
        return Some(hint);
    }
    if let Some(fact) = failure.fact() {
        return listen_elsewhere(fact);
    }
    match (socket.obstacle(), failure.error.kind()) {
        (Some(Obstacle::LiveServer(Some(Holder::User(_)))), _)
            if Platform::CURRENT == Platform::Linux =>
        {
            Some(format!(
                "choose another name; `lsock name {}`, run by that user or by root, shows the process",
                word(socket.name())
            ))
        }
        (Some(Obstacle::LiveServer(_)), _) if Platform::CURRENT == Platform::Windows => Some(
            "choose another name; this one is free when its server and its connections have ended"
                .to_owned(),
        ),
        (Some(Obstacle::LiveServer(_)), _) if socket.name().is_path() => {
            Some("--replace takes the name over, or choose another name".to_owned())
        }
        (Some(Obstacle::LiveServer(_)), _) => Some("choose another name".to_owned()),
        (Some(Obstacle::NotASocket(_)), _) => Some(NEVER_REPLACED.to_owned()),
        (Some(Obstacle::Contended(Some(_))), _) => Some(
            "wait until that process releases the lock, or choose a folder that only you can read"
                .to_owned(),
        ),
        (Some(Obstacle::Unprobed { .. }), _) => Some(REMOVED_BY_OWNER.to_owned()),
        _ => None,
    }
}

const NEVER_REPLACED: &str = "choose another name; what is not a socket is never replaced";

const REMOVED_BY_OWNER: &str =
    "choose another name, or ask the owner of the file or root to remove it";

/// Returns the hint for a name that cannot be listened on because of the fact.
fn listen_elsewhere(fact: &Fact) -> Option<String> {
    let hint = match fact {
        Fact::Missing(_) => "create the folder first",
        Fact::DanglingFolder { .. } | Fact::NotAFolder(..) | Fact::LinkLoop(_) => {
            "choose a name in a folder that exists"
        }
        Fact::ClosedFolder(..)
        | Fact::UnwritableFolder(..)
        | Fact::ImmutableFolder(_)
        | Fact::ReadOnlyFileSystem(_) => "choose a folder that you can write to",
        Fact::StickyFolder { .. } => REMOVED_BY_OWNER,
        Fact::MountPoint => "choose another name, or unmount it first",
        Fact::Link | Fact::NoSocket(_) => NEVER_REPLACED,
        Fact::Stale
        | Fact::TapLeftBehind(_)
        | Fact::NotListening
        | Fact::Datagram
        | Fact::SeqPacket
        | Fact::ClosedSocket(_)
        | Fact::FullBacklog(_)
        | Fact::OtherNamespace { .. }
        | Fact::ClosedPipe(_) => return None,
    };
    Some(hint.to_owned())
}

fn connect(failure: &SocketFailure) -> Option<String> {
    if let Some(error) = AssuanError::of(&failure.error) {
        return error.hint().map(str::to_owned);
    }
    let name = SocketError::of(&failure.error)?.name();
    if let Some(hint) = tilde(&failure.error, name) {
        return Some(hint);
    }
    if let Some(hint) = slash_hint(name, failure.fact()) {
        return Some(hint);
    }
    if let Some(standing) = &failure.standing {
        return connect_otherwise(standing, name);
    }
    match failure.error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Some(format!(
            "nobody listens there; `lsock listen {}` does, and --wait waits for it",
            word(name)
        )),
        ErrorKind::PermissionDenied => Some(OWNER_DECIDES.to_owned()),
        _ => None,
    }
}

/// Returns the hint for a path in a folder `~` that does not exist. A shell replaces `~` at the
/// beginning of a word only.
fn tilde(error: &io::Error, name: &Name<'_>) -> Option<String> {
    if error.kind() != ErrorKind::NotFound || !name.is_path() {
        return None;
    }
    let rest = name.as_os_str().to_str()?.strip_prefix("~/")?;
    Some(format!("the shell does not replace `~` after `fs:`: write \"$HOME/{}\"", escaped(rest)))
}

/// Returns the hint for a path that can only be that of a folder, because of its end, where there is
/// none.
pub(crate) fn slash_hint(name: &Name<'_>, fact: Option<&Fact>) -> Option<String> {
    let path = Path::new(name.as_os_str());
    let file = path.components().as_path();
    let is_cause =
        matches!(fact, Some(Fact::Missing(_) | Fact::DanglingFolder { .. } | Fact::NotAFolder(..)));
    if !is_cause || !name.is_path() || file.as_os_str() == path.as_os_str() {
        return None;
    }
    let file = file.to_fs_name::<GenericFilePath>().ok()?;
    Some(format!("the slash at the end makes it the path of a folder: use {}", word(&file)))
}

/// Returns whether the error has a cause that hardly changes with time.
fn has_lasting_cause(failure: &SocketFailure) -> bool {
    matches!(failure.fact(), Some(Fact::NoSocket(_) | Fact::OtherNamespace { .. }))
}

const OWNER_DECIDES: &str = "its owner decides who may connect (lsock listen --mode, --allow)";

/// Returns the hint for a name that cannot be connected to because of what stands there.
fn connect_otherwise(standing: &Standing, name: &Name<'_>) -> Option<String> {
    match &standing.fact {
        // Listening does not replace a symbolic link.
        Fact::Stale if standing.link.is_some() => {
            Some("its server has ended; --wait waits for a new one".to_owned())
        }
        Fact::Stale => Some(format!(
            "its server has ended; `lsock listen {}` takes the name over, and --wait waits for a \
             server",
            word(name)
        )),
        Fact::TapLeftBehind(_) => {
            let file = match &standing.link {
                Some(link) => quoted(&escaped(&link.to_string_lossy())),
                None => word(name),
            };
            Some(format!("`lsock tap --restore {file}` puts it back"))
        }
        Fact::NotListening => Some("--wait waits until its server accepts connections".to_owned()),
        Fact::Datagram => Some(format!("`socat - {}` sends to it", socat("UNIX-SENDTO", name, ""))),
        Fact::SeqPacket => {
            Some(format!("`socat - {}` connects to it", socat("UNIX-CONNECT", name, ",type=5")))
        }
        Fact::OtherNamespace { pid, .. } => Some(format!(
            "`nsenter -t {pid} -n lsock connect {}`, run by root, connects to it",
            word(name)
        )),
        Fact::ClosedSocket(rights) => {
            Some(joining(rights).unwrap_or_else(|| OWNER_DECIDES.to_owned()))
        }
        Fact::ClosedFolder(_, rights) => Some(
            joining(rights)
                .unwrap_or_else(|| "the owner of the folder decides who may use it".to_owned()),
        ),
        Fact::ClosedPipe(directions) => Some(format!(
            "its server decides who may connect (lsock listen --allow, --sddl){}",
            match directions {
                Directions::Both => "; a pipe for one direction takes --send-only or --recv-only",
                Directions::Send => "; a pipe that only its server writes takes --recv-only",
                Directions::Receive => "; a pipe that only its server reads takes --send-only",
            }
        )),
        Fact::Missing(_)
        | Fact::DanglingFolder { .. }
        | Fact::NotAFolder(..)
        | Fact::LinkLoop(_)
        | Fact::UnwritableFolder(..)
        | Fact::StickyFolder { .. }
        | Fact::ImmutableFolder(_)
        | Fact::ReadOnlyFileSystem(_)
        | Fact::MountPoint
        | Fact::Link
        | Fact::FullBacklog(_)
        | Fact::NoSocket(_) => None,
    }
}

/// Returns how a user gets the group that has the rights.
fn joining(rights: &Rights) -> Option<String> {
    let group = rights.missing_group.as_ref()?;
    let name = quoted(&escaped(&group.name));
    Some(if group.is_listed {
        format!(
            "this user is in group {name}, but was not when the session started: log in again, or \
             use `newgrp {name}`"
        )
    } else {
        format!("root can add this user to group {name}; it counts from the next login")
    })
}

/// Returns a name as a word of a command line.
fn word(name: &Name<'_>) -> String {
    quoted(&name.to_string())
}

/// Returns a path as an address of socat, as a word of a command line.
fn socat(keyword: &str, name: &Name<'_>, options: &str) -> String {
    let path = escaped(&name.as_os_str().to_string_lossy());
    quoted(&format!("{keyword}:{path}{options}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_that_does_not_have_the_directions_gets_the_options_for_the_other_ones() {
        let name = Name::parse("app").unwrap();
        for (directions, may_not, hint) in [
            (Directions::Both, "both read and write", "takes --send-only or --recv-only"),
            (Directions::Send, "write", "only its server writes takes --recv-only"),
            (Directions::Receive, "read", "only its server reads takes --send-only"),
        ] {
            let standing = Standing { link: None, fact: Fact::ClosedPipe(directions) };
            let text = format!("access denied: it is a pipe that this user may not {may_not}");
            assert_eq!(standing.to_string(), text);
            assert!(connect_otherwise(&standing, &name).unwrap().ends_with(hint), "{directions:?}");
        }
    }
}
