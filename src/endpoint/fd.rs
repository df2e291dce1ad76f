//! Listening sockets that the process inherits (`fd:N`, `fd:NAME`, `fd:*`, socket activation).

use super::{
    ClientSource, ListenSource, is_number,
    listeners::{ListenSocket, Listeners, OpenListener},
    tcp,
};
use crate::{
    diag::{Failure, USAGE},
    system::{
        ListenSettings,
        inherited::{self, InheritedSocket},
        listening::Allowed,
    },
};
use local_socket::traits::Listener as _;
use std::{
    fmt::{self, Display, Formatter},
    io,
    sync::Arc,
};

pub(super) const PREFIX: &str = "fd:";

/// The text after the prefix that stands for all passed sockets.
const ALL: &str = "*";

/// The first number of a passed socket.
const FIRST: i32 = 3;

/// The inherited sockets that an endpoint stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InheritedSockets {
    /// The descriptor with this number.
    Number(i32),
    /// The sockets that a service manager has passed with this name.
    Name(String),
    /// All sockets that a service manager has passed.
    All,
}

impl InheritedSockets {
    pub(super) fn parse(rest: Option<&str>) -> Result<Self, &'static str> {
        match rest {
            Some(ALL) => Ok(Self::All),
            Some(name) if is_name(name) => Ok(Self::Name(name.to_owned())),
            _ => match rest.filter(|rest| is_number(rest)).map(str::parse) {
                Some(Ok(number @ FIRST..)) => Ok(Self::Number(number)),
                _ => {
                    Err("it takes the number of an inherited descriptor from 3 on, such as fd:3, \
                          the name of a passed socket, or * for all of them")
                }
            },
        }
    }

    /// Returns the numbers of the sockets.
    ///
    /// # Errors
    /// `Usage` if no such socket was passed, or for variables that do not follow the protocol.
    /// `Unsupported` where processes do not inherit numbered descriptors.
    fn numbers(&self) -> Result<Vec<i32>, Failure> {
        let passed = match self {
            Self::Number(number) => return Ok(vec![*number]),
            Self::Name(_) | Self::All => inherited::passed_with_names()?,
        };
        let is_meant = |name: &Option<String>| match self {
            Self::Name(meant) => name.as_ref() == Some(meant),
            Self::Number(_) | Self::All => true,
        };
        let all = (FIRST..).zip(&passed);
        let numbers: Vec<_> =
            all.filter(|(_, name)| is_meant(name)).map(|(number, _)| number).collect();
        if !numbers.is_empty() {
            return Ok(numbers);
        }
        let names: Vec<_> = passed.iter().flatten().map(String::as_str).collect();
        let why = if passed.is_empty() {
            "no service manager has passed sockets to this process (LISTEN_FDS, LISTEN_PID)"
                .to_owned()
        } else if names.is_empty() {
            "the sockets that were passed to this process have no names (LISTEN_FDNAMES)".to_owned()
        } else {
            format!("the names of the sockets that were passed are {}", names.join(", "))
        };
        Err(Failure::Usage(format!("cannot listen on {self}: {why}")))
    }
}

/// Returns whether a text is the name of a passed socket, and not meant as a number or as an address
/// of another program.
fn is_name(text: &str) -> bool {
    !is_number(text)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, ':' | '/' | ',' | '*'))
}

impl Display for InheritedSockets {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{PREFIX}{number}"),
            Self::Name(name) => write!(f, "{PREFIX}{name}"),
            Self::All => write!(f, "{PREFIX}{ALL}"),
        }
    }
}

/// Checks that this process serves each socket that a service manager has passed to it: nobody else
/// accepts their clients. `served` are the sockets that are served.
///
/// # Errors
/// `Advised` if a socket is not served, `Usage` for variables that do not follow the protocol, and if
/// no socket is as `served` says.
pub(crate) fn check_passed(served: Option<&InheritedSockets>) -> Result<(), Failure> {
    let served = served.map(InheritedSockets::numbers).transpose()?;
    let is_served = |number: &i32| served.as_ref().is_some_and(|served| served.contains(number));
    let mut unserved = Vec::new();
    for number in inherited::passed()?.into_iter().filter(|number| !is_served(number)) {
        unserved.push(match inherited::take(number, &ListenSettings::default()) {
            Ok(InheritedSocket::Connection) => return Err(is_connection(number)),
            Ok(socket) => format!("{PREFIX}{number} ({})", description(&socket)),
            Err(_) => format!("{PREFIX}{number}"),
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
    let hint = match &served {
        None if unserved.len() == 1 => "`lsock relay fd:3 TARGET` serves an inherited socket",
        _ => {
            "`lsock relay 'fd:*' TARGET` serves all inherited sockets; or pass each one to a relay \
             of its own"
        }
    };
    Err(Failure::Advised { message, hint: Some(hint.to_owned()), status: USAGE })
}

/// Returns the failure of a connected socket.
fn is_connection(number: i32) -> Failure {
    Failure::Advised {
        message: format!(
            "{PREFIX}{number} is a connection, which is only served as stdin and stdout"
        ),
        hint: Some(
            "set StandardInput=socket, or start systemd-socket-activate with --inetd, and use \
             `lsock relay - TARGET`"
                .to_owned(),
        ),
        status: USAGE,
    }
}

/// Returns the name or TCP address of the socket, if it has one.
fn address(socket: &InheritedSocket) -> Option<String> {
    match socket {
        InheritedSocket::Local(listener, _) => Some(listener.local_name().ok()?.to_string()),
        InheritedSocket::Tcp(listener) => {
            Some(format!("{}{}", tcp::PREFIX, listener.local_addr().ok()?))
        }
        InheritedSocket::Connection => None,
    }
}

/// Describes the socket by its name or address, or in words if it has none.
fn description(socket: &InheritedSocket) -> String {
    let unknown = match socket {
        InheritedSocket::Local(..) => "a socket without a name",
        InheritedSocket::Tcp(_) => "a TCP port",
        InheritedSocket::Connection => "a connection",
    };
    address(socket).unwrap_or_else(|| unknown.to_owned())
}

/// Inherited sockets to accept from.
#[derive(Debug)]
pub(super) struct FdSource {
    sockets: InheritedSockets,
    taken: Vec<TakenSocket>,
}

/// An inherited socket that this process has taken.
#[derive(Debug)]
struct TakenSocket {
    number: i32,
    /// `None` after it is opened.
    inherited: Option<InheritedSocket>,
    description: String,
    socket: ListenSocket,
}

impl FdSource {
    /// Takes the sockets.
    ///
    /// # Errors
    /// `Unsupported` for options that were decided when the sockets were created, `Usage` or
    /// `Advised` if a descriptor is not a listening socket.
    pub(super) fn new(
        sockets: InheritedSockets,
        settings: &ListenSettings,
    ) -> Result<Self, Failure> {
        let backlog = ("--backlog", settings.backlog.is_some());
        let decided = settings.of_files().into_iter().chain([backlog]);
        ListenSettings::refuse(decided, "it was decided when the socket was created")?;
        let numbers = sockets.numbers()?.into_iter();
        let taken = numbers.map(|number| TakenSocket::new(number, settings));
        Ok(Self { taken: taken.collect::<Result<_, _>>()?, sockets })
    }
}

impl TakenSocket {
    fn new(number: i32, settings: &ListenSettings) -> Result<Self, Failure> {
        let inherited = inherited::take(number, settings)?;
        let allowed = match &inherited {
            InheritedSocket::Local(_, allowed) => Some(allowed.clone()),
            InheritedSocket::Tcp(_) => {
                let why = "the clients of a TCP port have no users";
                ListenSettings::refuse(settings.of_files_and_users(), why)?;
                None
            }
            InheritedSocket::Connection => return Err(is_connection(number)),
        };
        let address = address(&inherited).unwrap_or_else(|| format!("{PREFIX}{number}"));
        let (description, socket) = (description(&inherited), ListenSocket { address, allowed });
        Ok(Self { number, inherited: Some(inherited), description, socket })
    }

    fn open(&mut self) -> Result<OpenListener, Failure> {
        match self.inherited.take() {
            Some(InheritedSocket::Local(listener, _)) => {
                OpenListener::local(*listener, self.socket.clone())
            }
            Some(InheritedSocket::Tcp(listener)) => {
                OpenListener::tcp(listener, Arc::new(self.socket.clone()))
            }
            Some(InheritedSocket::Connection) | None => Err(Failure::Io {
                what: "cannot listen",
                error: io::Error::other("the socket was opened before"),
            }),
        }
    }
}

impl ListenSource for FdSource {
    fn explain(&self, f: &mut Formatter<'_>, _: &ListenSettings) -> fmt::Result {
        for TakenSocket { number, description, socket, .. } in &self.taken {
            writeln!(f, "listen on    {PREFIX}{number} ({description})")?;
            match &socket.allowed {
                Some(allowed) => writeln!(f, "serve        {allowed}")?,
                None => writeln!(f, "serve        whoever can connect")?,
            }
        }
        Ok(())
    }

    fn endpoint(&self) -> String {
        self.sockets.to_string()
    }

    fn kind(&self) -> String {
        let all: Vec<_> = self.taken.iter().map(|taken| taken.description.as_str()).collect();
        all.join(" and ")
    }

    fn addresses(&self) -> Vec<String> {
        self.taken.iter().map(|taken| taken.socket.address.clone()).collect()
    }

    fn allowed(&self) -> Vec<Option<&Allowed>> {
        self.taken.iter().map(|taken| taken.socket.allowed.as_ref()).collect()
    }

    fn open(&mut self) -> Result<ClientSource, Failure> {
        let listeners = self.taken.iter_mut().map(TakenSocket::open);
        let listeners = listeners.collect::<Result<_, _>>()?;
        Ok(ClientSource::Listeners(Listeners::inherited(listeners)))
    }
}
