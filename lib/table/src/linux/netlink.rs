//! Queries the kernel about Unix domain sockets through netlink (`sock_diag(7)`).
//!
//! Unlike the lines of `/proc/net/unix`, the answers contain lengths, so no name of a socket can
//! forge another entry. The answers contain only sockets of this process's network namespace.

mod answer;
mod query;

use answer::NetlinkAnswer;
use query::NetlinkQuery;

use crate::{EntryState, SocketEntry};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType,
    netlink::{SOCK_DIAG, SocketAddrNetlink},
    recv, sendto, socket_with,
};
use std::{io, ops::ControlFlow, os::fd::OwnedFd};

// <linux/sock_diag.h>
const SOCK_DIAG_BY_FAMILY: u16 = 20;

// The states of sockets: <net/tcp_states.h>
const ESTABLISHED: u8 = 1;
const CLOSE: u8 = 7;
const LISTEN: u8 = 10;

/// Calls the function for each socket that is in one of the states.
///
/// # Errors
/// An error of `socket(2)` or `sendto(2)` where netlink is refused, or `NotFound` if the kernel was
/// built without `unix_diag`.
pub fn visit_states(states: &[EntryState], mut visit: impl FnMut(SocketEntry)) -> io::Result<()> {
    exchange(&NetlinkQuery::All(states), |answer| {
        // The kernel still calls a listener that was shut down a listening one.
        if states.contains(&answer.entry.state) {
            visit(answer.entry);
        }
        ControlFlow::Continue(())
    })
}

/// Returns the socket with this inode number.
///
/// # Errors
/// `NotFound` if this network namespace has no such socket, or if the kernel was built without
/// `unix_diag`. Another error of `socket(2)` or `sendto(2)` where netlink is refused.
pub fn socket_with_inode(inode: u32) -> io::Result<SocketEntry> {
    one(&NetlinkQuery::One { inode, pending: false }).map(|answer| answer.entry)
}

/// Returns the inode numbers of the clients that wait until the listening socket with this inode
/// number accepts them. A client that has closed its end is left out.
///
/// # Errors
/// As [`socket_with_inode`]; also EMSGSIZE if about 1000 clients wait, which are more than the
/// kernel can list.
pub fn pending(inode: u32) -> io::Result<Vec<u32>> {
    one(&NetlinkQuery::One { inode, pending: true }).map(|answer| answer.pending)
}

fn one(query: &NetlinkQuery<'_>) -> io::Result<NetlinkAnswer> {
    let mut first = None;
    exchange(query, |answer| {
        first = Some(answer);
        ControlFlow::Break(())
    })?;
    first.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Sends a query, and calls the function for each answer.
fn exchange(
    query: &NetlinkQuery<'_>,
    mut take: impl FnMut(NetlinkAnswer) -> ControlFlow<()>,
) -> io::Result<()> {
    let netlink = ask(&query.bytes())?;
    // The kernel never sends more than 32 KiB at once.
    let mut buffer = vec![0; 1 << 15];
    loop {
        // Sending the request creates the answer, and each read creates its next part, so there is
        // nothing to wait for.
        let (_, length) = recv(&netlink, &mut buffer[..], RecvFlags::DONTWAIT)?;
        let answers = buffer.get(..length).filter(|answers| !answers.is_empty());
        let answers = answers.ok_or_else(answer::malformed)?;
        if answer::parse(answers, &mut take)?.is_break() {
            return Ok(());
        }
    }
}

fn ask(request: &[u8]) -> io::Result<OwnedFd> {
    let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
    let netlink = socket_with(AddressFamily::NETLINK, kind, flags, Some(SOCK_DIAG))?;
    // The kernel has port 0.
    sendto(&netlink, request, SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    Ok(netlink)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{EntryName, SocketKind, SocketQueue};
    use std::{
        io::Write as _,
        os::{
            fd::AsFd,
            linux::net::SocketAddrExt as _,
            unix::net::{SocketAddr, UnixListener, UnixStream},
        },
    };

    fn inode_of(socket: &impl AsFd) -> u32 {
        rustix::fs::fstat(socket).unwrap().st_ino.try_into().unwrap()
    }

    #[test]
    fn a_listener_its_connection_and_a_client_that_waits_are_found() {
        let name = format!("table-{}", std::process::id()).into_bytes();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let mut client = UnixStream::connect_addr(&address).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let waiting = UnixStream::connect_addr(&address).unwrap();
        client.write_all(b"hello").unwrap();

        let entry = socket_with_inode(inode_of(&listener)).unwrap();
        assert_eq!((entry.kind, entry.state), (SocketKind::Stream, EntryState::Listening));
        assert_eq!(entry.name, Some(EntryName::Abstract(name)));
        assert!(
            matches!(entry.queue, Some(SocketQueue::Backlog { used: 1, limit: 1.. })),
            "{entry:?}"
        );
        assert_eq!(pending(inode_of(&listener)).unwrap(), [inode_of(&waiting)]);

        let mut found = Vec::new();
        visit_states(&[EntryState::Connected], |end| {
            if end.name == entry.name {
                found.push(end);
            }
        })
        .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].inode, inode_of(&accepted));
        assert_eq!(found[0].peer, Some(inode_of(&client)));
        assert_eq!(found[0].queue, Some(SocketQueue::Bytes { received: 5 }));
    }

    #[test]
    fn a_listener_that_was_shut_down_does_not_listen() {
        let name = format!("table-shut-{}", std::process::id()).into_bytes();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        rustix::net::shutdown(&listener, rustix::net::Shutdown::Both).unwrap();
        let refused = UnixStream::connect_addr(&address).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let inode = inode_of(&listener);
        assert_eq!(socket_with_inode(inode).unwrap().state, EntryState::Unconnected);
        let mut is_listed = false;
        visit_states(&[EntryState::Listening], |entry| is_listed |= entry.inode == inode).unwrap();
        assert!(!is_listed);
    }

    #[test]
    fn a_socket_that_is_closed_is_not_found() {
        let inode = inode_of(&UnixStream::pair().unwrap().0);
        assert_eq!(socket_with_inode(inode).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
