use super::{CommandLine, EndpointError, TcpAddress, write_name};
use local_socket::Name;
use std::{
    ffi::{OsStr, OsString},
    fmt::{self, Display, Formatter},
};

/// What connections are joined to, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Standard input and output.
    Stdio,
    /// A command of each connection's own.
    Command(CommandLine),
    /// The server of a local socket.
    Name(Name<'static>),
    /// The server of a TCP port.
    Tcp(TcpAddress),
}

impl Target {
    /// Reads it as a person types it.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, EndpointError> {
        let words = text.to_string_lossy();
        if words == "-" {
            return Ok(Self::Stdio);
        }
        if let Some(address) = words.strip_prefix("tcp:") {
            return TcpAddress::parse(address).map(Self::Tcp);
        }
        if let Some(line) = words.strip_prefix("exec:") {
            let wrong = |why| EndpointError::other(&words, why);
            if text.to_str().is_none() {
                return Err(wrong("it is no text; a command of any bytes goes behind `--`"));
            }
            let split = shlex::split(line).ok_or_else(|| wrong("a quote is not closed"))?;
            return CommandLine::new(split.into_iter().map(OsString::from))
                .map(Self::Command)
                .ok_or_else(|| wrong("it takes a command"));
        }
        if words.starts_with("fd:") {
            return Err(EndpointError::other(
                &words,
                "a socket that came with the process can only be listened on",
            ));
        }
        Ok(Self::Name(Name::parse(text)?.into_owned()))
    }
}

/// As it is typed.
impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio => f.write_str("-"),
            Self::Command(command) => write!(f, "exec:{}", command.quoted()),
            Self::Name(name) => write_name(f, name),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}
