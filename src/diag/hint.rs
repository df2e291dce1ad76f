use super::Failure;
use local_socket::{
    Platform,
    error::{Action, Holder, Obstacle, SocketError},
};
use std::{
    fs,
    io::{self, ErrorKind},
};

impl Failure {
    /// Returns what the user can do about the error, if anything. `help` names the help of the
    /// command.
    pub(super) fn hint(&self, help: &str) -> Option<String> {
        match self {
            Self::Usage(_) => Some(help.to_owned()),
            Self::Bind(error) => bind(error),
            Self::Connect { file: Some(file), .. } => {
                Some(format!("there is a socket file of that name in this folder: use {file}"))
            }
            Self::Connect { error, file: None } => connect(error),
            Self::ConnectTimedOut { option, .. } => {
                Some(format!("a longer {option} gives the server more time"))
            }
            Self::Unserved { user, .. } => user.as_ref().map(|user| {
                format!(
                    "the server runs as {user} and may not serve this user (lsock listen --allow)"
                )
            }),
            Self::Advised { hint, .. } => hint.clone(),
            Self::Run { failure, .. } => failure.hint(help),
            Self::Unsupported { .. }
            | Self::Idle(_)
            | Self::Undelivered { .. }
            | Self::Command { .. }
            | Self::Slower(_)
            | Self::Saved { .. }
            | Self::Output { .. }
            | Self::Internal(_)
            | Self::Io { .. } => None,
        }
    }
}

fn bind(error: &io::Error) -> Option<String> {
    let socket = SocketError::of(error)?;
    match (socket.obstacle(), error.kind()) {
        (Some(Obstacle::LiveServer(Some(Holder::User(_)))), _)
            if Platform::CURRENT == Platform::Linux =>
        {
            Some(
                "choose another name; `ss -lxp`, run by that user or by root, shows the process"
                    .to_owned(),
            )
        }
        (Some(Obstacle::LiveServer(_)), _)
            if socket.name().is_path() && Platform::CURRENT != Platform::Windows =>
        {
            Some("--replace takes the name over, or choose another name".to_owned())
        }
        (Some(Obstacle::LiveServer(_)), _) => Some("choose another name".to_owned()),
        (Some(Obstacle::NotASocket(_)), _) => {
            Some("choose another name; what is not a socket is never replaced".to_owned())
        }
        (Some(Obstacle::Contended(Some(_))), _) => Some(
            "wait until that process releases the lock, or choose a folder that only you can read"
                .to_owned(),
        ),
        (_, ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Some("the folder of a socket file has to exist".to_owned())
        }
        (_, ErrorKind::PermissionDenied) => {
            Some("the folder of a socket file has to be one that you can write to".to_owned())
        }
        _ => None,
    }
}

fn connect(error: &io::Error) -> Option<String> {
    let socket = SocketError::of(error)?;
    debug_assert_eq!(socket.action(), Action::Connect);
    let name = socket.name();
    let is_other = name.is_path()
        && fs::metadata(name.as_os_str()).is_ok_and(|file| file.is_file() || file.is_dir());
    match error.kind() {
        ErrorKind::ConnectionRefused if is_other => {
            Some("the file of that name is not a socket".to_owned())
        }
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Some(format!(
            "nobody listens there; `lsock listen {name}` does, and --wait waits for it",
        )),
        ErrorKind::PermissionDenied => {
            Some("its owner decides who may connect (lsock listen --mode, --allow)".to_owned())
        }
        _ => None,
    }
}
