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
use std::fmt::{self, Display, Formatter};

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

/// Prepares to accept from an inherited socket.
///
/// # Errors
/// `Unsupported` for options that were decided when the socket was created, `Usage` if the
/// descriptor is not a listening socket.
pub(super) fn source(fd: InheritedFd, settings: &ListenSettings) -> Result<ListenSource, Failure> {
    let backlog = ("--backlog", settings.backlog.is_some());
    let decided = settings.of_files().into_iter().chain([backlog]);
    ListenSettings::refuse(decided, "whoever made the socket has decided on it")?;
    let inherited = inherited::take(fd.0, settings)?;
    let (address, allowed, other) = match &inherited {
        Inherited::Local(listener, allowed) => {
            let name = listener.local_name().ok().map(|name| name.to_string());
            (name, Some(allowed.clone()), "a socket without a name")
        }
        Inherited::Tcp(listener) => {
            let why = "the clients of a TCP port have no users";
            ListenSettings::refuse(settings.of_files_and_users(), why)?;
            let address = listener.local_addr().ok();
            (address.map(|address| format!("{}{address}", tcp::PREFIX)), None, "a TCP port")
        }
    };
    let kind = address.as_deref().unwrap_or(other).to_owned();
    let served = allowed.as_ref().map_or("whoever can connect".to_owned(), Allowed::to_string);
    let explanation = format!("listen on    {fd} ({kind})\nserve        {served}\n");
    let open = || {
        let opened = match inherited {
            Inherited::Local(listener, _) => LocalListener::new(*listener).map(ClientSource::Local),
            Inherited::Tcp(listener) => ClientSource::tcp(listener),
        };
        opened.map_err(ClientSource::failure)
    };
    Ok(ListenSource {
        text: fd.to_string(),
        kind: Some(kind),
        explanation,
        allowed,
        address,
        opener: Some(Box::new(open)),
        ..ListenSource::default()
    })
}
