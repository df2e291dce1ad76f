//! The endpoints of a relay: sources of clients, and targets to which they are joined.
//!
//! Each kind has a file: its prefix, parsing and printing, the options that it takes, and how it is
//! opened. This file is the table of kinds. Parsing opens nothing.

mod assuan;
mod client_source;
mod exec;
mod fd;
mod foreign;
mod listen_source;
mod listeners;
mod name;
mod pty;
mod refusal;
mod resolver;
mod retry;
mod stdio;
mod tcp;

pub(crate) use client_source::{Accepted, ClientSource, NameKeeper};
pub(crate) use exec::{CommandLine, joined_to};
pub(crate) use fd::{InheritedSockets, check_passed};
pub(crate) use foreign::{ForeignAddress, ForeignRole, Meaning, is_number, recognise};
pub(crate) use listen_source::ListenSource;
pub(crate) use listeners::ListenSocket;
pub(crate) use name::{NameSource, NameTarget, parse_name};
pub(crate) use refusal::{NotAnEndpoint, RefusalReason};
pub(crate) use retry::{
    ConnectTarget, DialProgress, Dialling, ReconnectPause, RetryPolicy, TOLD_AFTER, Wait,
};
pub(crate) use stdio::open_stdio;
pub(crate) use tcp::TcpAddress;

use crate::{
    diag::{Failure, USAGE, escaped},
    system::{ListenSettings, ServerUser},
};
use assuan::AssuanPath;
use fd::FdSource;
use local_socket::{Name, Platform};
use pty::{PtyLink, PtySource, PtyTarget};
use std::{
    ffi::OsStr,
    fmt::{self, Display, Formatter},
    sync::Arc,
};
use tcp::TcpSource;

/// The source of the clients of a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenOn {
    Name(Name<'static>),
    Tcp(TcpAddress),
    Fd(InheritedSockets),
    Pty(PtyLink),
    Stdio,
}

/// The target to which the clients of a relay are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Name(Name<'static>),
    Tcp(TcpAddress),
    Assuan(AssuanPath),
    Command(CommandLine),
    Pty(PtyLink),
    Stdio,
}

/// How a client is joined to a target.
#[derive(Debug)]
pub(crate) enum Joining {
    /// By a connection of its own.
    Connection(Arc<dyn ConnectTarget>),
    /// By a command of its own.
    Command(CommandLine),
    /// By the standard streams, which serve one client at a time.
    Stdio,
}

/// A kind of endpoint with a prefix. A side that the kind does not have is an error that says so.
struct EndpointKind {
    /// What the text starts with. If it does not end in a colon, it is the whole text.
    prefix: &'static str,
    listen: Parse<ListenOn>,
    target: Parse<Target>,
}

/// Parses the text after the prefix, which is `None` if it is not UTF-8.
type Parse<T> = fn(Option<&str>) -> Result<T, &'static str>;

/// All kinds with a prefix. Other texts are names.
const KINDS: [EndpointKind; 6] = [
    EndpointKind {
        prefix: tcp::PREFIX,
        listen: |rest| TcpAddress::parse(rest).map(ListenOn::Tcp),
        target: |rest| TcpAddress::parse(rest).map(Target::Tcp),
    },
    EndpointKind {
        prefix: assuan::PREFIX,
        listen: |_| Err("a socket file of GnuPG cannot be listened on; it can be the target"),
        target: |rest| AssuanPath::parse(rest).map(Target::Assuan),
    },
    EndpointKind {
        prefix: exec::PREFIX,
        listen: |_| Err("a command cannot be listened on; it can be the target"),
        target: |rest| CommandLine::parse(rest).map(Target::Command),
    },
    EndpointKind {
        prefix: fd::PREFIX,
        listen: |rest| InheritedSockets::parse(rest).map(ListenOn::Fd),
        target: |_| Err("an inherited socket can only be listened on"),
    },
    EndpointKind {
        prefix: pty::PREFIX,
        listen: |rest| PtyLink::parse(rest).map(ListenOn::Pty),
        target: |rest| PtyLink::parse(rest).map(Target::Pty),
    },
    EndpointKind {
        prefix: stdio::TEXT,
        listen: |_| Ok(ListenOn::Stdio),
        target: |_| Ok(Target::Stdio),
    },
];

impl EndpointKind {
    /// Returns the kind of a text and the text after its prefix; `None` for a name.
    fn of(text: &OsStr) -> Option<(&'static Self, Option<&str>)> {
        let bytes = text.as_encoded_bytes();
        let kind = KINDS.iter().find(|kind| {
            bytes.starts_with(kind.prefix.as_bytes())
                && (kind.prefix.ends_with(':') || bytes.len() == kind.prefix.len())
        })?;
        Some((kind, text.to_str().map(|text| &text[kind.prefix.len()..])))
    }
}

/// Parses one side of a relay.
fn parse<T>(
    text: &OsStr,
    side: impl Fn(&EndpointKind) -> Parse<T>,
    of_name: impl Fn(Name<'static>) -> T,
) -> Result<T, NotAnEndpoint> {
    if let Some((kind, rest)) = EndpointKind::of(text) {
        return side(kind)(rest).map_err(|why| {
            let message = format!("`{}`: {why}", escaped(&text.to_string_lossy()));
            // Such as `tcp:80` and `fd://3`.
            let meant = text.to_str().and_then(|text| recognise(text, Platform::CURRENT));
            let is_valid = |address: &ForeignAddress| {
                let endpoint = address.meaning.endpoint().unwrap_or_default();
                EndpointKind::of(OsStr::new(&endpoint))
                    .is_some_and(|(kind, rest)| side(kind)(rest).is_ok())
            };
            let reason = meant.filter(is_valid).map_or(RefusalReason::Kind, RefusalReason::Foreign);
            NotAnEndpoint::new(message, reason)
        });
    }
    name::parse_unprefixed(text).map(of_name)
}

impl ListenOn {
    /// Parses LISTEN of a relay.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, NotAnEndpoint> {
        parse(text, |kind| kind.listen, Self::Name)
    }

    /// Returns whether the target is this endpoint, as far as that is known before it is opened.
    pub(crate) fn is_same(&self, target: &Target) -> bool {
        match (self, target) {
            (Self::Name(from), Target::Name(to)) => name::are_same(from, to),
            (Self::Name(from), Target::Assuan(to)) => {
                to.name().is_some_and(|to| name::are_same(from, &to))
            }
            (Self::Tcp(from), Target::Tcp(to)) => from.is_same(to),
            (Self::Pty(from), Target::Pty(to)) => from.is_same(to),
            _ => false,
        }
    }

    /// Checks the options of the listener. Returns `None` if standard input and output are the only
    /// client: an event loop cannot wait for them, so the relay joins them to a socket.
    ///
    /// # Errors
    /// `Unsupported` and `Usage` for options that this kind does not take, `Bind` for an unknown
    /// host, `Usage` for a descriptor that is not a listening socket.
    pub(crate) fn source(
        self,
        settings: &ListenSettings,
        expose: bool,
    ) -> Result<Option<Box<dyn ListenSource>>, Failure> {
        if expose && !matches!(self, Self::Tcp(_)) {
            return Err(Failure::Usage("--expose goes with tcp:HOST:PORT".to_owned()));
        }
        Ok(Some(match self {
            Self::Name(name) => Box::new(NameSource::new(name, settings)?),
            Self::Tcp(address) => Box::new(TcpSource::new(address, settings, expose)?),
            Self::Fd(sockets) => Box::new(FdSource::new(sockets, settings)?),
            Self::Pty(link) => Box::new(PtySource::new(link, settings)?),
            Self::Stdio => return stdio::check(settings).map(|()| None),
        }))
    }
}

impl Target {
    /// Parses TARGET of a relay.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, NotAnEndpoint> {
        parse(text, |kind| kind.target, Self::Name)
    }

    /// Returns how clients are joined to this target. `server` is the user that its server has to
    /// run as, if one is given.
    ///
    /// # Errors
    /// `Usage` and `Unsupported` for an unknown user, and for one that is given for a target that is
    /// no local socket. `Usage` for TCP port 0. `Unsupported` for terminals where there are none.
    pub(crate) fn joining(self, server: Option<&ServerUser>) -> Result<Joining, Failure> {
        if server.is_some() && !matches!(self, Self::Name(_)) {
            let message = "--server-user goes with a local socket as the target".to_owned();
            return Err(match self {
                Self::Assuan(_) => Failure::Advised {
                    message,
                    hint: Some(assuan::NO_USER.to_owned()),
                    status: USAGE,
                },
                _ => Failure::Usage(message),
            });
        }
        Ok(match self {
            Self::Name(name) => Joining::Connection(Arc::new(NameTarget::new(name, server)?)),
            Self::Tcp(address) if address.port() == 0 => {
                return Err(Failure::Usage(format!(
                    "{address} cannot be connected to: port 0 is any free port, to listen on"
                )));
            }
            Self::Tcp(address) => Joining::Connection(Arc::new(address)),
            Self::Assuan(path) => Joining::Connection(Arc::new(path)),
            Self::Pty(link) => Joining::Connection(Arc::new(PtyTarget::new(link)?)),
            Self::Command(command) => Joining::Command(command),
            Self::Stdio => Joining::Stdio,
        })
    }
}

/// Formats the endpoint as typed.
impl Display for ListenOn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Fd(sockets) => write!(f, "{sockets}"),
            Self::Pty(link) => write!(f, "{link}"),
            Self::Stdio => f.write_str(stdio::TEXT),
        }
    }
}

/// Formats the endpoint as typed.
impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Assuan(path) => write!(f, "{path}"),
            Self::Command(command) => f.write_str(&command.endpoint()),
            Self::Pty(link) => write!(f, "{link}"),
            Self::Stdio => f.write_str(stdio::TEXT),
        }
    }
}

#[cfg(test)]
mod tests;
