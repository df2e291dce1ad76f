use super::{EndpointError, TcpAddress, write_name};
use local_socket::Name;
use std::{
    ffi::OsStr,
    fmt::{self, Display, Formatter},
};

/// Where the clients of a relay come from, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenOn {
    /// A local socket.
    Name(Name<'static>),
    /// A TCP port.
    Tcp(TcpAddress),
    /// Standard input and output, as the one client.
    Stdio,
    /// A listening socket that came with the process.
    Inherited(i32),
}

impl ListenOn {
    /// Reads it as a person types it.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, EndpointError> {
        let words = text.to_string_lossy();
        if words == "-" {
            return Ok(Self::Stdio);
        }
        if let Some(address) = words.strip_prefix("tcp:") {
            return TcpAddress::parse(address).map(Self::Tcp);
        }
        if let Some(number) = words.strip_prefix("fd:") {
            return match number.parse() {
                Ok(number @ 3..) if number_is_plain(&words[3..]) => Ok(Self::Inherited(number)),
                _ => Err(EndpointError::other(
                    &words,
                    "it takes the number of an inherited descriptor from 3 on, such as fd:3",
                )),
            };
        }
        if words.starts_with("exec:") {
            return Err(EndpointError::other(
                &words,
                "a command cannot be listened on; it can be the target",
            ));
        }
        Ok(Self::Name(Name::parse(text)?.into_owned()))
    }
}

fn number_is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As it is typed.
impl Display for ListenOn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write_name(f, name),
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Stdio => f.write_str("-"),
            Self::Inherited(number) => write!(f, "fd:{number}"),
        }
    }
}
