use super::{EndpointError, resolver};
use std::{
    fmt::{self, Display, Formatter},
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs},
};

/// A host and a port, as typed: the host is looked up when it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TcpAddress {
    /// An address or a host name; without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

impl TcpAddress {
    /// Reads what stands behind `tcp:`.
    pub(super) fn parse(text: &str) -> Result<Self, EndpointError> {
        const TAKES: &str = "it takes tcp:HOST:PORT, such as tcp:127.0.0.1:8080 or tcp:[::1]:8080";
        let wrong = || EndpointError::other(&format!("tcp:{text}"), TAKES);
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(Some(host)) if host.parse::<Ipv6Addr>().is_ok() => host,
            None if !host.is_empty() && host.chars().all(is_of_host) => host,
            _ => return Err(wrong()),
        };
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number).ok_or_else(wrong)?;
        Ok(Self { host: host.to_owned(), port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Looks the host up, in an event loop.
    pub(super) async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses = resolver::resolve(&self.host).await?;
        let with_port = |address: &SocketAddr| {
            let mut address = *address;
            address.set_port(self.port);
            address
        };
        Ok(addresses.iter().map(with_port).collect())
    }

    /// Looks the host up, which may take time.
    pub(crate) fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses = (self.host.as_str(), self.port).to_socket_addrs()?.collect::<Vec<_>>();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the host has no address"));
        }
        Ok(addresses)
    }

    /// The same with a port that the system has chosen.
    pub(crate) fn with_port(&self, port: u16) -> Self {
        Self { host: self.host.clone(), port }
    }

    /// The error with what was tried, and of the same kind.
    pub(crate) fn error(&self, verb: &str, error: &io::Error) -> io::Error {
        let reason = local_socket::error::reason(error);
        io::Error::new(error.kind(), format!("cannot {verb} {self}: {reason}"))
    }
}

/// What can stand in an address or a host name.
fn is_of_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

impl Display for TcpAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        match host.parse() {
            Ok(IpAddr::V6(_)) => write!(f, "tcp:[{host}]:{port}"),
            _ => write!(f, "tcp:{host}:{port}"),
        }
    }
}
