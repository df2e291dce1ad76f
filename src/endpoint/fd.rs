//! Listening sockets that the process inherits (`fd:N`, socket activation).

use super::{ClientSource, ListenSource, tcp};
use crate::{
    diag::{Failure, USAGE},
    system::{
        ListenSettings, LocalListener,
        inherited::{self, Inherited},
        listening::Allowed,
    },
};
use local_socket::traits::Listener as _;
use std::{
    fmt::{self, Display, Formatter},
    io,
};

pub(super) const PREFIX: &str = "fd:";

/// The number of an inherited descriptor.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct InheritedFd(i32);

impl InheritedFd {
    pub(super) fn parse(rest: Option<&str>) -> Result<Self, &'static str> {
        let digits = rest.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        match digits.map(str::parse) {
            Some(Ok(number @ 3..)) => Ok(Self(number)),
            _ => Err("it takes the number of an inherited descriptor from 3 on, such as fd:3"),
        }
    }
}

impl Display for InheritedFd {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

/// Checks that this process serves each socket that a service manager has passed to it: nobody else
/// accepts their clients. `served` is the socket that is served.
///
/// # Errors
/// `Advised` if a socket is not served, `Usage` for variables that do not follow the protocol.
pub(crate) fn check_passed(served: Option<InheritedFd>) -> Result<(), Failure> {
    let passed = inherited::passed()?.into_iter().map(InheritedFd);
    let mut unserved = Vec::new();
    for fd in passed.filter(|fd| Some(*fd) != served) {
        unserved.push(match inherited::take(fd.0, &ListenSettings::default()) {
            Ok(Inherited::Connection) => return Err(is_connection(fd)),
            Ok(socket) => format!("{fd} ({})", kind(&socket)),
            Err(_) => fd.to_string(),
        });
    }
    let message = match &unserved[..] {
        [] => return Ok(()),
        [one] => format!(
            "{one} was passed to this process and is not served: its clients would wait forever"
        ),
        all => format!(
            "{} were passed to this process and are not served: their clients would wait forever",
            all.join(" and ")
        ),
    };
    let hint = match served {
        None if unserved.len() == 1 => "`lsock relay fd:3 TARGET` serves an inherited socket",
        _ => "a relay serves one inherited socket: pass each one to a relay of its own",
    };
    Err(Failure::Advised { message, hint: Some(hint.to_owned()), status: USAGE })
}

/// Returns the failure of a connected socket.
fn is_connection(fd: InheritedFd) -> Failure {
    Failure::Advised {
        message: format!("{fd} is a connection, which is only served as stdin and stdout"),
        hint: Some(
            "set StandardInput=socket, or start systemd-socket-activate with --inetd, and use \
             `lsock relay - TARGET`"
                .to_owned(),
        ),
        status: USAGE,
    }
}

/// Returns the name or TCP address of the socket, if it has one.
fn address(socket: &Inherited) -> Option<String> {
    match socket {
        Inherited::Local(listener, _) => Some(listener.local_name().ok()?.to_string()),
        Inherited::Tcp(listener) => Some(format!("{}{}", tcp::PREFIX, listener.local_addr().ok()?)),
        Inherited::Connection => None,
    }
}

/// Describes the socket by its name or address, or in words if it has none.
fn kind(socket: &Inherited) -> String {
    let unknown = match socket {
        Inherited::Local(..) => "a socket without a name",
        Inherited::Tcp(_) => "a TCP port",
        Inherited::Connection => "a connection",
    };
    address(socket).unwrap_or_else(|| unknown.to_owned())
}

/// An inherited socket to accept from.
#[derive(Debug)]
pub(super) struct FdSource {
    fd: InheritedFd,
    /// `None` after it is opened.
    inherited: Option<Inherited>,
    /// The name or TCP address of the socket, if it has one.
    address: Option<String>,
    /// The address, or words if there is none.
    kind: String,
    /// The rules for clients of a local socket.
    allowed: Option<Allowed>,
}

impl FdSource {
    /// Takes the socket.
    ///
    /// # Errors
    /// `Unsupported` for options that were decided when the socket was created, `Usage` or
    /// `Advised` if the descriptor is not a listening socket.
    pub(super) fn new(fd: InheritedFd, settings: &ListenSettings) -> Result<Self, Failure> {
        let backlog = ("--backlog", settings.backlog.is_some());
        let decided = settings.of_files().into_iter().chain([backlog]);
        ListenSettings::refuse(decided, "it was decided when the socket was created")?;
        let inherited = inherited::take(fd.0, settings)?;
        let allowed = match &inherited {
            Inherited::Local(_, allowed) => Some(allowed.clone()),
            Inherited::Tcp(_) => {
                let why = "the clients of a TCP port have no users";
                ListenSettings::refuse(settings.of_files_and_users(), why)?;
                None
            }
            Inherited::Connection => return Err(is_connection(fd)),
        };
        let (address, kind) = (address(&inherited), kind(&inherited));
        Ok(Self { fd, inherited: Some(inherited), address, kind, allowed })
    }
}

impl ListenSource for FdSource {
    fn explain(&self, f: &mut Formatter<'_>, _: &ListenSettings) -> fmt::Result {
        writeln!(f, "listen on    {} ({})", self.fd, self.kind)?;
        match &self.allowed {
            Some(allowed) => writeln!(f, "serve        {allowed}"),
            None => writeln!(f, "serve        whoever can connect"),
        }
    }

    fn endpoint(&self) -> String {
        self.fd.to_string()
    }

    fn kind(&self) -> String {
        self.kind.clone()
    }

    fn address(&self) -> String {
        self.address.clone().unwrap_or_else(|| self.endpoint())
    }

    fn allowed(&self) -> Option<&Allowed> {
        self.allowed.as_ref()
    }

    fn open(&mut self) -> Result<ClientSource, Failure> {
        let opened = match self.inherited.take() {
            Some(Inherited::Local(listener, _)) => {
                LocalListener::new(*listener).map(ClientSource::Local)
            }
            Some(Inherited::Tcp(listener)) => ClientSource::tcp([listener]),
            Some(Inherited::Connection) | None => {
                Err(io::Error::other("the socket was opened before"))
            }
        };
        opened.map_err(ClientSource::failure)
    }
}
