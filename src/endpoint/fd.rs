//! Listening sockets that the process inherits (`fd:N`, socket activation).

use super::{ClientSource, ListenSource};
use crate::{
    diag::Failure,
    system::{
        ListenSettings, LocalListener,
        inherited::{self, Inherited},
        listening::Allowed,
    },
};
use local_socket::traits::Listener as _;
use std::{
    cell::RefCell,
    fmt::{self, Display, Formatter},
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

/// An inherited listening socket.
#[derive(Debug)]
pub(super) struct InheritedSource {
    fd: InheritedFd,
    /// The address in a form that can be parsed, if the socket has one.
    address: Option<String>,
    /// `None` for a TCP port.
    allowed: Option<Allowed>,
    /// The socket until it is opened.
    socket: RefCell<Option<Inherited>>,
}

impl InheritedSource {
    /// Checks the options and the socket.
    pub(super) fn new(fd: InheritedFd, settings: &ListenSettings) -> Result<Self, Failure> {
        let backlog = ("--backlog", settings.backlog.is_some());
        let decided = settings.of_files().into_iter().chain([backlog]);
        ListenSettings::refuse(decided, "whoever made the socket has decided on it")?;
        let socket = inherited::take(fd.0, settings)?;
        let (address, allowed) = match &socket {
            Inherited::Local(listener, allowed) => {
                (listener.local_name().ok().map(|name| name.to_string()), Some(allowed.clone()))
            }
            Inherited::Tcp(listener) => {
                let why = "the clients of a TCP port have no users";
                ListenSettings::refuse(settings.of_files_and_users(), why)?;
                let address = listener.local_addr();
                (address.ok().map(|address| format!("{}{address}", super::tcp::PREFIX)), None)
            }
        };
        Ok(Self { fd, address, allowed, socket: RefCell::new(Some(socket)) })
    }

    fn description(&self) -> String {
        let other = match self.allowed {
            Some(_) => "a socket without a name",
            None => "a TCP port",
        };
        self.address.as_deref().unwrap_or(other).to_owned()
    }
}

impl ListenSource for InheritedSource {
    fn open(&self) -> Result<ClientSource, Failure> {
        let opened = match self.socket.take() {
            Some(Inherited::Local(listener, ..)) => {
                LocalListener::new(*listener).map(ClientSource::Local)
            }
            Some(Inherited::Tcp(listener)) => ClientSource::tcp(listener),
            None => return Err(Failure::Usage(format!("{self} was used before"))),
        };
        opened.map_err(ClientSource::failure)
    }

    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "listen on    {self} ({})", self.description())?;
        match &self.allowed {
            Some(allowed) => writeln!(f, "serve        {allowed}"),
            None => writeln!(f, "serve        whoever can connect"),
        }
    }

    fn kind_text(&self) -> Option<String> {
        Some(self.description())
    }

    fn allowed(&self) -> Option<&Allowed> {
        self.allowed.as_ref()
    }

    fn address(&self) -> String {
        self.address.clone().unwrap_or_else(|| self.to_string())
    }
}

impl Display for InheritedSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fd)
    }
}
