use super::{Failure, style::escaped};
use local_socket::{
    Name, Platform,
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
            Self::Advised { hint, .. } => hint.clone(),
            Self::Run { failure, .. } => failure.hint(help),
            Self::Command { command, is_one_word: true, .. } => Some(one_word(command)),
            Self::Unsupported { .. }
            | Self::Idle(_)
            | Self::Undelivered { .. }
            | Self::Command { is_one_word: false, .. }
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
    match shlex::try_quote(line) {
        Ok(quoted) if Platform::CURRENT != Platform::Windows => {
            format!("it is one word: separate the arguments, or use a shell: `-- sh -c {quoted}`")
        }
        _ => "it is one word: separate the arguments".to_owned(),
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
        (_, ErrorKind::NotFound) if let Some(hint) = tilde(socket.name()) => Some(hint),
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
        ErrorKind::NotFound if let Some(hint) = tilde(name) => Some(hint),
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Some(format!(
            "nobody listens there; `lsock listen {name}` does, and --wait waits for it",
        )),
        ErrorKind::PermissionDenied => {
            Some("its owner decides who may connect (lsock listen --mode, --allow)".to_owned())
        }
        _ => None,
    }
}

/// Returns the hint for a path in a folder `~`, which a shell replaces at the beginning of a word
/// only.
fn tilde(name: &Name<'_>) -> Option<String> {
    let rest = name.as_os_str().to_str()?.strip_prefix("~/").filter(|_| name.is_path())?;
    Some(format!("the shell does not replace `~` after `fs:`: write \"$HOME/{}\"", escaped(rest)))
}
