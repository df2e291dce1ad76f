//! The environment of commands: variables that describe the connection, and none that describe
//! another one.

use super::command::Commands;
use crate::{
    endpoint::ListenSocket,
    system::peer::{self, PeerUser},
};
use local_socket::PeerCreds;
use std::{env, net::SocketAddr, process};

/// The connection that a command is joined to.
#[derive(Copy, Clone, Debug)]
pub(super) struct ConnectionInfo<'a> {
    pub(super) peer: Option<&'a PeerCreds>,
    pub(super) user: Option<&'a PeerUser>,
    /// The address of a TCP client.
    pub(super) address: Option<SocketAddr>,
    /// The listening socket that the client has connected to.
    pub(super) listener: Option<&'a ListenSocket>,
    pub(super) number: u64,
}

/// Prefixes of the variables by which UCSPI programs, such as s6-ipcserver(8) and tcpserver(1),
/// describe a connection. Inherited ones describe another connection.
const CONNECTION_PREFIXES: [&str; 10] = [
    "IPCCONNNUM",
    "IPCLOCAL",
    "IPCREMOTE",
    "TCPCONNNUM",
    "TCPLOCAL",
    "TCPREMOTE",
    "UNIXLOCAL",
    "UNIXREMOTE",
    "SSLLOCAL",
    "SSLREMOTE",
];

/// Variables that describe the sockets which a service manager has passed to this process
/// (`sd_listen_fds(3)`). Commands do not inherit these sockets.
const ACTIVATION_VARIABLES: [&str; 4] =
    ["LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES"];

/// The variable that names the service manager's socket for readiness (`sd_notify(3)`). A server
/// reports its readiness itself, and its commands are not the service.
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// Sets the variables that describe the connection, and removes those that describe another one.
pub(super) fn set(process: &mut process::Command, commands: &Commands, info: ConnectionInfo<'_>) {
    for (variable, _) in env::vars_os() {
        if variable.to_str().is_some_and(|variable| is_stale(variable, commands.are_served)) {
            process.env_remove(variable);
        }
    }
    let ConnectionInfo { peer, user, address, listener, number } = info;
    let (name, is_local) = match listener {
        Some(listener) => (&listener.address, listener.allowed.is_some()),
        None => (&commands.name, commands.is_local),
    };
    let protocol = address.map(|_| "TCP").or(is_local.then_some("IPC"));
    let own = [
        ("LSOCK_NAME", Some(name.clone())),
        ("LSOCK_CONN", Some(number.to_string())),
        ("PROTO", protocol.map(str::to_owned)),
        ("IPCLOCALPATH", is_local.then(|| name.clone())),
        ("TCPREMOTEIP", address.map(|address| address.ip().to_canonical().to_string())),
        ("TCPREMOTEPORT", address.map(|address| address.port().to_string())),
    ];
    for (variable, value) in own.into_iter().chain(peer::variables(peer, user)) {
        match value {
            Some(value) => process.env(variable, value),
            None => process.env_remove(variable),
        };
    }
}

/// Returns whether an inherited variable describes another connection or process.
fn is_stale(variable: &str, are_served: bool) -> bool {
    CONNECTION_PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
        || ACTIVATION_VARIABLES.contains(&variable)
        || are_served && variable == NOTIFY_SOCKET
}
