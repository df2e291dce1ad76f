//! Listening sockets that the process inherits (`fd:N`, socket activation).

use super::{ClientSource, ListenSource, tcp};
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

/// An inherited socket to accept from.
#[derive(Debug)]
pub(super) struct FdSource {
    fd: InheritedFd,
    /// `None` after it is opened.
    inherited: Option<Inherited>,
    /// The name or TCP address of the socket, if it has one.
    address: Option<String>,
    /// The rules for clients of a local socket.
    allowed: Option<Allowed>,
}

impl FdSource {
    /// Takes the socket.
    ///
    /// # Errors
    /// `Unsupported` for options that were decided when the socket was created, `Usage` if the
    /// descriptor is not a listening socket.
    pub(super) fn new(fd: InheritedFd, settings: &ListenSettings) -> Result<Self, Failure> {
        let backlog = ("--backlog", settings.backlog.is_some());
        let decided = settings.of_files().into_iter().chain([backlog]);
        ListenSettings::refuse(decided, "it was decided when the socket was created")?;
        let inherited = inherited::take(fd.0, settings)?;
        let (address, allowed) = match &inherited {
            Inherited::Local(listener, allowed) => {
                let name = listener.local_name().ok();
                (name.map(|name| name.to_string()), Some(allowed.clone()))
            }
            Inherited::Tcp(listener) => {
                let why = "the clients of a TCP port have no users";
                ListenSettings::refuse(settings.of_files_and_users(), why)?;
                let address = listener.local_addr().ok();
                (address.map(|address| format!("{}{address}", tcp::PREFIX)), None)
            }
        };
        Ok(Self { fd, inherited: Some(inherited), address, allowed })
    }
}

impl ListenSource for FdSource {
    fn explain(&self, f: &mut Formatter<'_>, _: &ListenSettings) -> fmt::Result {
        writeln!(f, "listen on    {} ({})", self.fd, self.kind())?;
        match &self.allowed {
            Some(allowed) => writeln!(f, "serve        {allowed}"),
            None => writeln!(f, "serve        whoever can connect"),
        }
    }

    fn endpoint(&self) -> String {
        self.fd.to_string()
    }

    fn kind(&self) -> String {
        let is_local = self.allowed.is_some();
        let unknown = if is_local { "a socket without a name" } else { "a TCP port" };
        self.address.clone().unwrap_or_else(|| unknown.to_owned())
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
            Some(Inherited::Tcp(listener)) => ClientSource::tcp(listener),
            None => Err(io::Error::other("the socket was opened before")),
        };
        opened.map_err(ClientSource::failure)
    }
}
