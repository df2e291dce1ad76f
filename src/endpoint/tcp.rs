//! TCP ports (`tcp:HOST:PORT`).

use super::{
    ClientSource, ConnectTarget, DialProgress, Dialling, ListenSocket, ListenSource, RetryPolicy,
    is_number,
    listeners::{Listeners, OpenListener},
    resolver,
    retry::ConnectRetry,
};
use crate::{
    diag::Failure,
    system::{Detached, ListenSettings, Socket, connect_tcp, listening},
};
use local_socket::Directions;
use socket2::SockRef;
use std::{
    collections::HashSet,
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};
use tokio::time;

pub(super) const PREFIX: &str = "tcp:";

/// A host and a port as typed. The host is not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TcpAddress {
    /// An address or a host name; without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

impl TcpAddress {
    pub(super) fn parse(rest: Option<&str>) -> Result<Self, &'static str> {
        const TAKES: &str = "it takes tcp:HOST:PORT, such as tcp:127.0.0.1:8080 or tcp:[::1]:8080";
        let (host, port) = rest.and_then(|rest| rest.rsplit_once(':')).ok_or(TAKES)?;
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(Some(host)) if host.parse::<Ipv6Addr>().is_ok() => host,
            None if !host.is_empty() && host.chars().all(is_of_host) => host,
            _ => return Err(TAKES),
        };
        let port = port.parse().ok().filter(|_| is_number(port)).ok_or(TAKES)?;
        Ok(Self { host: host.to_owned(), port })
    }

    /// Looks the host up and connects, in an event loop.
    async fn connect_within(&self, limit: Option<Duration>) -> io::Result<Socket> {
        let stream = async { connect_tcp(&self.look_up().await?).await };
        connect(stream, limit).await
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Looks the host up, in an event loop.
    async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses = resolver::resolve(&self.host).await?;
        let with_port = |address: &SocketAddr| SocketAddr::new(address.ip(), self.port);
        Ok(addresses.iter().map(with_port).collect())
    }

    /// Looks the host up, which blocks the thread.
    ///
    /// # Errors
    /// An error of `getaddrinfo(3)`, or `NotFound` if the host has no address.
    pub(crate) fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses = (self.host.as_str(), self.port).to_socket_addrs()?.collect::<Vec<_>>();
        if addresses.is_empty() {
            return Err(io::Error::new(ErrorKind::NotFound, "the host has no address"));
        }
        Ok(addresses)
    }

    /// Returns whether a listener on this address accepts connections to the other one. The hosts are
    /// looked up if the ports are the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        if self.port != other.port || self.port == 0 {
            return false;
        }
        let (ours, theirs) = (self.resolve().unwrap_or_default(), other.resolve());
        theirs.unwrap_or_default().iter().any(|to| {
            ours.iter().any(|from| {
                from.ip() == to.ip() || from.ip().is_unspecified() && to.ip().is_loopback()
            })
        })
    }

    /// Returns an error of the same kind that names the address and what was tried.
    pub(crate) fn error(&self, verb: &str, error: &io::Error) -> io::Error {
        let reason = local_socket::error::reason(error);
        io::Error::new(error.kind(), format!("cannot {verb} {self}: {reason}"))
    }
}

/// Waits for a connection that is being made, and prepares it. The error is `TimedOut` after the
/// time limit.
pub(super) async fn connect(
    stream: impl Future<Output = io::Result<TcpStream>>,
    limit: Option<Duration>,
) -> io::Result<Socket> {
    let stream = match limit {
        Some(limit) => time::timeout(limit, stream)
            .await
            .unwrap_or_else(|_| Err(io::Error::new(ErrorKind::TimedOut, "no answer in time")))?,
        None => stream.await?,
    };
    prepare(&stream);
    Detached::from(stream).attach()
}

/// Prepares a new connection.
pub(super) fn prepare(stream: &TcpStream) {
    // Send small messages at once. If it fails, they only take longer.
    let _ = stream.set_nodelay(true);
    // A peer whose machine or network has failed sends nothing, not even an end of file: without
    // probes its connection would stay open for ever. Their times are those of the system.
    if let Err(error) = SockRef::from(stream).set_keepalive(true) {
        tracing::debug!(%error, "the peer is not probed");
    }
}

/// An accepted client of a TCP port.
#[derive(Debug)]
pub(crate) struct TcpClient {
    pub(super) stream: TcpStream,
    /// The address of the client.
    pub(super) from: SocketAddr,
    pub(super) socket: Arc<ListenSocket>,
}

/// Returns whether an address or a host name can contain the character.
fn is_of_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

impl Display for TcpAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        match host.parse() {
            Ok(IpAddr::V6(_)) => write!(f, "{PREFIX}[{host}]:{port}"),
            _ => write!(f, "{PREFIX}{host}:{port}"),
        }
    }
}

/// A TCP port to listen on, at all addresses of its host.
#[derive(Debug)]
pub(super) struct TcpSource {
    address: TcpAddress,
    /// The addresses of the host; after it is opened, those that this machine has.
    addresses: Vec<SocketAddr>,
    backlog: Option<u32>,
}

impl TcpSource {
    /// Looks the host up. Rejects addresses that other machines can reach, unless they are exposed.
    ///
    /// # Errors
    /// `Unsupported` for options of socket files and users, `Bind` for an unknown host, `Usage` for
    /// an address that is not exposed.
    pub(super) fn new(
        address: TcpAddress,
        settings: &ListenSettings,
        expose: bool,
    ) -> Result<Self, Failure> {
        let why = "a TCP port has no file, and its clients no users";
        ListenSettings::refuse(settings.of_files_and_users(), why)?;
        let mut addresses = address
            .resolve()
            .map_err(|error| Failure::Bind(address.error("listen on", &error).into()))?;
        // A file such as hosts(5) can name an address twice.
        let mut seen = HashSet::new();
        addresses.retain(|address| seen.insert(*address));
        if !expose && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(Failure::Usage(format!(
                "{address} could be reached from other machines, which takes --expose"
            )));
        }
        Ok(Self { address, addresses, backlog: settings.backlog })
    }

    fn listen(&mut self) -> io::Result<Vec<TcpListener>> {
        let listeners = bind(&self.addresses)?;
        for listener in &listeners {
            listening::set_backlog(listener, self.backlog)?;
        }
        self.addresses =
            listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
        if let Some(address) = self.addresses.first() {
            self.address.port = address.port();
        }
        Ok(listeners)
    }

    /// Lists the addresses of a host that has several.
    fn several(&self) -> Option<String> {
        let addresses: Vec<_> = self.addresses.iter().map(|all| all.ip().to_string()).collect();
        (addresses.len() > 1).then(|| addresses.join(" and "))
    }
}

/// Maximum number of ports that are tried if the system chooses the port.
const MAX_PORTS: usize = 64;

/// Listens on the same port of each address.
///
/// # Errors
/// `AddrInUse` if the port is in use at one of them, or another error of `bind(2)`.
fn bind(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let is_chosen = addresses.first().is_some_and(|address| address.port() == 0);
    for _ in 1..MAX_PORTS {
        match bind_once(addresses) {
            // The port that the system has chosen for one address is in use at another.
            Err(error) if is_chosen && error.kind() == ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    bind_once(addresses)
}

fn bind_once(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::<TcpListener>::new();
    let mut lacking = None;
    for mut address in addresses.iter().copied() {
        if let Some(first) = listeners.first() {
            address.set_port(first.local_addr()?.port());
        }
        match TcpListener::bind(address) {
            Ok(listener) => listeners.push(listener),
            // Such as the address of localhost where IPv6 is switched off.
            Err(error) if listening::lacks_address(&error) => {
                tracing::debug!(%address, %error, "this machine does not have the address");
                lacking = Some(error);
            }
            Err(error) if addresses.len() > 1 => {
                let reason = local_socket::error::reason(&error);
                return Err(io::Error::new(error.kind(), format!("{address}: {reason}")));
            }
            Err(error) => return Err(error),
        }
    }
    match lacking {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(listeners),
    }
}

impl ListenSource for TcpSource {
    fn explain(&self, f: &mut Formatter<'_>, _: &ListenSettings) -> fmt::Result {
        match self.several() {
            Some(addresses) => writeln!(f, "listen on    {} ({addresses})", self.address)?,
            None => writeln!(f, "listen on    {}", self.address)?,
        }
        writeln!(f, "serve        whoever can connect")
    }

    fn endpoint(&self) -> String {
        self.address.to_string()
    }

    fn kind(&self) -> String {
        match self.several() {
            Some(addresses) => format!("TCP port on {addresses}"),
            None => "TCP port".to_owned(),
        }
    }

    fn open(&mut self) -> Result<ClientSource, Failure> {
        let listeners = self
            .listen()
            .map_err(|error| Failure::Bind(self.address.error("listen on", &error).into()))?;
        let socket = Arc::new(ListenSocket { address: self.endpoint(), allowed: None });
        let listeners =
            listeners.into_iter().map(|listener| OpenListener::tcp(listener, Arc::clone(&socket)));
        Ok(ClientSource::Listeners(Listeners::new(listeners.collect::<Result<_, _>>()?)))
    }
}

impl ConnectTarget for TcpAddress {
    fn connect<'a>(
        &'a self,
        retry_policy: RetryPolicy,
        _: Directions,
        progress: &'a DialProgress,
    ) -> Dialling<'a> {
        let attempt = |state: &ConnectRetry| self.connect_within(state.limit());
        let describe = |error: io::Error| self.error("connect to", &error);
        Box::pin(retry_policy.connect(attempt, describe, None, progress))
    }

    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "connect to   {self}")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// An address for documentation (RFC 5737), which no machine has.
    const LACKING: &str = "192.0.2.1:0";
    const LOOPBACK: &str = "127.0.0.1:0";

    fn bind_to(addresses: &[&str]) -> io::Result<Vec<TcpListener>> {
        bind(&addresses.iter().map(|address| address.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn an_address_that_the_machine_lacks_is_left_out_if_there_is_another() {
        for addresses in [[LACKING, LOOPBACK], [LOOPBACK, LACKING]] {
            let listeners = bind_to(&addresses).unwrap();
            assert_eq!(listeners.len(), 1);
            assert!(listeners[0].local_addr().unwrap().ip().is_loopback());
        }
        let error = bind_to(&[LACKING]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn the_system_probes_the_peers_of_both_sides() {
        let listener = TcpListener::bind(LOOPBACK).unwrap();
        let dialled = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        for stream in [dialled, accepted] {
            assert!(!SockRef::from(&stream).keepalive().unwrap());
            prepare(&stream);
            assert!(SockRef::from(&stream).keepalive().unwrap());
        }
    }

    #[test]
    fn an_address_whose_port_is_in_use_is_named() {
        let taken = TcpListener::bind(LOOPBACK).unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = bind_to(&[&address, LACKING]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with(&address), "{error}");
    }
}
