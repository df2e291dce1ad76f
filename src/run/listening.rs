//! The listener of the commands that listen.

use crate::{
    diag::{Failure, Terminal},
    endpoint::{ListenOn, TcpAddress},
    serve::{Admission, ClientSource, Limits},
    system::{
        ListenSettings, LocalListener, Readiness,
        inherited::{self, Inherited},
        listening::{self, Allowed},
    },
};
use local_socket::{Listener, ListenerOptions, Name, OnConflict};
use std::{
    fmt::{self, Display, Formatter},
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Mutex, OnceLock, PoisonError},
};

/// The address and the options of a listener.
#[derive(Debug)]
pub(super) struct ListenerPlan {
    place: ListenSource,
    options: ListenSettings,
    /// The bound TCP address, with the port that the system chose.
    opened: OnceLock<TcpAddress>,
}

#[derive(Debug)]
enum ListenSource {
    Name {
        name: Name<'static>,
        listener: Box<ListenerOptions<'static>>,
        allowed: Allowed,
    },
    Tcp {
        address: TcpAddress,
        addresses: Vec<SocketAddr>,
    },
    /// An inherited listener, until it is used.
    Inherited {
        number: i32,
        /// The address in a form that can be parsed, if it is known.
        name: Option<String>,
        allowed: Option<Allowed>,
        socket: Mutex<Option<Inherited>>,
    },
    Stdio,
}

impl ListenerPlan {
    /// Creates the plan of a local socket.
    pub(super) fn on_name(name: Name<'static>, options: ListenSettings) -> Result<Self, Failure> {
        let on_conflict =
            if options.replace { OnConflict::Replace } else { OnConflict::ReplaceStale };
        let listener = ListenerOptions::new().name(name.clone()).on_conflict(on_conflict);
        let listener = Box::new(listening::options(listener, &name, &options)?);
        let allowed = Allowed::new(&name, &options)?;
        Ok(Self::new(ListenSource::Name { name, listener, allowed }, options))
    }

    /// Creates the plan of a listener of a relay, of any kind.
    pub(super) fn on(
        listen_on: ListenOn,
        options: ListenSettings,
        expose: bool,
    ) -> Result<Self, Failure> {
        if expose && !matches!(listen_on, ListenOn::Tcp(_)) {
            return Err(Failure::Usage("--expose goes with tcp:HOST:PORT".to_owned()));
        }
        let place = match listen_on {
            ListenOn::Name(name) => return Self::on_name(name, options),
            ListenOn::Tcp(address) => {
                let why = "a TCP port has no file, and its clients no users";
                refuse(&given(&options, &SourceKind::Tcp), why)?;
                let addresses = addresses(&address, expose)?;
                ListenSource::Tcp { address, addresses }
            }
            ListenOn::Inherited(number) => {
                let why = "whoever made the socket has decided on it";
                refuse(&given(&options, &SourceKind::Inherited), why)?;
                let socket = inherited::take(number, &options)?;
                let (name, allowed) = match &socket {
                    Inherited::Local(_, name, allowed) => {
                        (name.as_ref().map(ToString::to_string), Some(allowed.clone()))
                    }
                    Inherited::Tcp(listener) => {
                        refuse(
                            &given(&options, &SourceKind::Tcp),
                            "the clients of a TCP port have no users",
                        )?;
                        let address = listener.local_addr().map(|address| format!("tcp:{address}"));
                        (address.ok(), None)
                    }
                };
                ListenSource::Inherited { number, name, allowed, socket: Mutex::new(Some(socket)) }
            }
            ListenOn::Stdio => {
                refuse(
                    &given(&options, &SourceKind::Stdio),
                    "stdin and stdout are the one client",
                )?;
                ListenSource::Stdio
            }
        };
        Ok(Self::new(place, options))
    }

    fn new(place: ListenSource, options: ListenSettings) -> Self {
        Self { place, options, opened: OnceLock::new() }
    }

    /// Returns whether stdin and stdout are the only client.
    pub(super) fn is_stdio(&self) -> bool {
        matches!(self.place, ListenSource::Stdio)
    }

    /// Returns whether clients connect to a local socket.
    pub(super) fn is_local(&self) -> bool {
        match &self.place {
            ListenSource::Name { .. } => true,
            ListenSource::Inherited { allowed, .. } => allowed.is_some(),
            ListenSource::Tcp { .. } | ListenSource::Stdio => false,
        }
    }

    /// Returns whether the listener has this name.
    pub(super) fn is_on(&self, other: &Name<'_>) -> bool {
        matches!(&self.place, ListenSource::Name { name, .. } if name == other)
    }

    /// Returns whether an option limits the number of clients.
    pub(super) fn limits_clients(&self) -> bool {
        self.options.max_conns.is_some() || self.options.max_conns_per_user.is_some()
    }

    /// Returns the name that commands get. For an inherited socket it is its address.
    pub(super) fn name(&self) -> String {
        match &self.place {
            ListenSource::Inherited { name: Some(name), .. } => name.clone(),
            _ => self.to_string(),
        }
    }

    /// Returns the receivers of the readiness message.
    pub(super) fn readiness(&self) -> Result<Readiness, Failure> {
        Readiness::new(self.options.ready_fd)
    }

    /// Warns of settings that are probably not intended.
    pub(super) fn warn(&self) {
        if let ListenSource::Name { allowed, .. }
        | ListenSource::Inherited { allowed: Some(allowed), .. } = &self.place
            && let Some(uid) = allowed.unmapped_user()
        {
            tracing::warn!(
                "this user namespace does not map the user of this process: uid {uid} can be \
                 any user, and is not served; map the user (user_namespaces(7)), or serve \
                 whoever can connect with --allow any"
            );
        }
        let ListenSource::Name { name, allowed, .. } = &self.place else { return };
        if let Some(why) = listening::unsafe_folder(name) {
            tracing::warn!("{why}: they can put a socket of theirs in the place of {name}");
        }
        if allowed.is_kept_out(name, &self.options) {
            tracing::warn!(
                "--allow names users whom the mode of the socket file keeps out: \
                 --mode 660 or 666 lets them connect"
            );
        }
    }

    /// Listens on a local socket, with blocking calls.
    pub(super) fn listen(&self) -> Result<Listener, Failure> {
        match &self.place {
            ListenSource::Name { listener, .. } => {
                ListenerOptions::clone(listener).create_sync().map_err(Failure::Bind)
            }
            _ => Err(Failure::Usage(format!("{self} is no local socket"))),
        }
    }

    /// Listens, in an event loop.
    pub(super) fn open(&self) -> Result<ClientSource, Failure> {
        let failure = |error| Failure::Io { what: "cannot watch the listening socket", error };
        match &self.place {
            ListenSource::Name { .. } => {
                LocalListener::new(self.listen()?).map(ClientSource::Local).map_err(failure)
            }
            ListenSource::Tcp { address, addresses } => {
                let (source, address) =
                    ClientSource::listen_on_tcp(address, addresses, self.options.backlog)?;
                self.opened.get_or_init(|| address);
                Ok(source)
            }
            ListenSource::Inherited { socket, number, .. } => {
                match socket.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    Some(Inherited::Local(listener, ..)) => {
                        LocalListener::new(*listener).map(ClientSource::Local).map_err(failure)
                    }
                    Some(Inherited::Tcp(listener)) => ClientSource::tcp(listener).map_err(failure),
                    None => Err(Failure::Usage(format!("fd:{number} was used before"))),
                }
            }
            ListenSource::Stdio => Err(Failure::Usage("- cannot be listened on".to_owned())),
        }
    }

    /// Returns the rules for clients, and their maximum number. `room` is the number that the limit
    /// of descriptors allows.
    pub(super) fn admission(&self, room: Option<NonZeroUsize>) -> Admission {
        let allowed = match &self.place {
            ListenSource::Name { allowed, .. } => Some(allowed.clone()),
            ListenSource::Inherited { allowed, .. } => allowed.clone(),
            ListenSource::Tcp { .. } | ListenSource::Stdio => None,
        };
        let all = [self.options.max_conns, room].into_iter().flatten().min();
        Admission::new(allowed, Limits::new(all, self.options.max_conns_per_user))
    }

    /// Logs the address.
    pub(super) fn tell(&self, terminal: Terminal) {
        let kind = match &self.place {
            ListenSource::Name { name, .. } => name.kind_text().to_string(),
            ListenSource::Tcp { .. } => "TCP port".to_owned(),
            ListenSource::Inherited { name, allowed, .. } => {
                inherited_text(name.as_deref(), allowed.is_some())
            }
            ListenSource::Stdio => return,
        };
        terminal.tell(&format!("listening on {self} ({kind})"));
    }

    /// For `--explain`.
    pub(super) fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.place {
            ListenSource::Name { name, allowed, .. } => {
                writeln!(f, "listen on    {self} ({})", name.kind_text())?;
                let conflict = if self.options.replace {
                    "take over, also a live one"
                } else {
                    "take over if stale"
                };
                writeln!(f, "if in use    {conflict}")?;
                writeln!(f, "serve        {allowed}")
            }
            ListenSource::Inherited { name, allowed, .. } => {
                let text = inherited_text(name.as_deref(), allowed.is_some());
                writeln!(f, "listen on    {self} ({text})")?;
                match allowed {
                    Some(allowed) => writeln!(f, "serve        {allowed}"),
                    None => writeln!(f, "serve        whoever can connect"),
                }
            }
            ListenSource::Tcp { .. } => {
                writeln!(f, "listen on    {self}")?;
                writeln!(f, "serve        whoever can connect")
            }
            ListenSource::Stdio => writeln!(f, "listen on    stdin and stdout, the one client"),
        }
    }
}

/// Formats the address as typed.
impl Display for ListenerPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (&self.place, self.opened.get()) {
            (ListenSource::Tcp { .. }, Some(address))
            | (ListenSource::Tcp { address, .. }, None) => {
                write!(f, "{address}")
            }
            (ListenSource::Name { name, .. }, _) => write!(f, "{name}"),
            (ListenSource::Inherited { number, .. }, _) => write!(f, "fd:{number}"),
            (ListenSource::Stdio, _) => f.write_str("-"),
        }
    }
}

/// Describes an inherited socket.
fn inherited_text(name: Option<&str>, is_local: bool) -> String {
    let other = if is_local { "a socket without a name" } else { "a TCP port" };
    name.unwrap_or(other).to_owned()
}

/// Looks up the host. Rejects addresses that other machines can reach, unless `--expose` is given.
fn addresses(address: &TcpAddress, expose: bool) -> Result<Vec<SocketAddr>, Failure> {
    let addresses =
        address.resolve().map_err(|error| Failure::Bind(address.error("listen on", &error)))?;
    if !expose && !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(Failure::Usage(format!(
            "{address} could be reached from other machines, which takes --expose"
        )));
    }
    Ok(addresses)
}

/// A kind of listener that does not take all options.
enum SourceKind {
    Tcp,
    Inherited,
    Stdio,
}

/// Returns the given options that this kind does not take.
fn given(options: &ListenSettings, kind: &SourceKind) -> Vec<&'static str> {
    let users = [
        ("--allow", !options.allow.is_empty()),
        ("--max-conns-per-user", options.max_conns_per_user.is_some()),
    ];
    let files = [
        ("--mode", options.mode.is_some()),
        ("--group", options.group.is_some()),
        ("--sddl", options.sddl.is_some()),
        ("--replace", options.replace),
    ];
    let rest = [
        ("--backlog", options.backlog.is_some()),
        ("--max-conns", options.max_conns.is_some()),
        ("--ready-fd", options.ready_fd.is_some()),
    ];
    let options: Vec<(&str, bool)> = match kind {
        SourceKind::Tcp => files.into_iter().chain(users).collect(),
        SourceKind::Inherited => files.into_iter().chain(rest.into_iter().take(1)).collect(),
        SourceKind::Stdio => files.into_iter().chain(users).chain(rest).collect(),
    };
    options.into_iter().filter(|(_, given)| *given).map(|(option, _)| option).collect()
}

fn refuse(options: &[&'static str], why: &'static str) -> Result<(), Failure> {
    match options {
        [] => Ok(()),
        [option, ..] => Err(Failure::Unsupported { option, why }),
    }
}
