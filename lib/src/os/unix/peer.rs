//! Process, user and groups of the peer.

#![allow(unsafe_code, reason = "socket options that no safe interface offers")]

#[allow(unused_imports, reason = "which of them are needed differs between systems")]
use super::sys::{check, socket_option};
use crate::{PeerCreds, peer::Pid};
use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

/// Maximum number of groups that are stored without an allocation.
const FEW: usize = 16;

/// User and groups of a peer.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    euid: libc::uid_t,
    egid: libc::gid_t,
    groups: Groups,
}

/// The supplementary groups of a peer.
#[derive(Clone, Debug, Default)]
struct Groups {
    ids: GroupIds,
    /// Whether the system may have left out groups.
    is_truncated: bool,
}

#[derive(Clone, Debug, Default)]
enum GroupIds {
    #[default]
    Unknown,
    #[cfg_attr(
        any(target_os = "openbsd", target_os = "netbsd"),
        expect(dead_code, reason = "these systems do not return groups")
    )]
    Few { len: usize, ids: [libc::gid_t; FEW] },
    #[cfg(linux_like)]
    Many(std::sync::Arc<[libc::gid_t]>),
}

impl PeerCreds {
    fn new(pid: Option<Pid>, euid: libc::uid_t, egid: libc::gid_t, groups: Groups) -> Self {
        Self { pid, unix: Ids { euid, egid, groups } }
    }

    /// Returns the effective user. Unix only.
    ///
    /// # Platform-specific behaviour
    /// In a user namespace of Linux, all users that the namespace does not map have the same
    /// number, 65534 by default. [`is_user`](Self::is_user) handles this case.
    #[must_use]
    pub fn euid(&self) -> Option<libc::uid_t> {
        Some(self.unix.euid)
    }

    /// Returns the effective group. Unix only.
    ///
    /// # Platform-specific behaviour
    /// As for [`euid`](Self::euid); [`is_in_group`](Self::is_in_group) handles this case.
    #[must_use]
    pub fn egid(&self) -> Option<libc::gid_t> {
        Some(self.unix.egid)
    }

    /// Returns the supplementary groups. Unix only.
    ///
    /// # Platform-specific behaviour
    /// Linux (from 4.13 on) and Android return all groups, if
    /// [`peer_creds_with_groups`](crate::traits::StreamCommon::peer_creds_with_groups) has asked for
    /// them; otherwise the result is `None`. macOS and FreeBSD return at most 15 (`LOCAL_PEERCRED`);
    /// see [`groups_truncated`](Self::groups_truncated). OpenBSD and NetBSD return none: the result is
    /// `None`.
    #[must_use]
    pub fn groups(&self) -> Option<&[libc::gid_t]> {
        match &self.unix.groups.ids {
            GroupIds::Unknown => None,
            GroupIds::Few { len, ids } => ids.get(..*len),
            #[cfg(linux_like)]
            GroupIds::Many(ids) => Some(ids),
        }
    }

    /// Returns whether the peer may be in more groups than [`groups`](Self::groups) returns. Unix
    /// only.
    ///
    /// # Platform-specific behaviour
    /// On macOS and FreeBSD it is `true` if the system returned its maximum of 15 groups.
    #[must_use]
    pub fn groups_truncated(&self) -> bool {
        self.unix.groups.is_truncated
    }

    /// Returns whether the effective user is the one that this process runs as. Unix only; on
    /// Windows compare `peer_user` of the stream with `Sid::current_user`.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use local_socket::{prelude::*, Stream};
    /// let (one, other) = Stream::pair()?;
    /// assert!(one.peer_creds()?.is_same_user());
    /// # Ok(()) }
    /// ```
    ///
    /// # Platform-specific behaviour
    /// As for [`is_user`](Self::is_user). The result is `false` for every peer if this process
    /// itself has the overflow number.
    #[must_use]
    pub fn is_same_user(&self) -> bool {
        self.is_user(rustix::process::geteuid().as_raw())
    }

    /// Returns whether the effective user is this one. Unix only.
    ///
    /// # Platform-specific behaviour
    /// In a user namespace of Linux (`user_namespaces(7)`), all users that the namespace does not
    /// map have the overflow number, 65534 by default. For this number the result is `false`,
    /// unless the namespace maps all users, as the initial namespace does.
    #[must_use]
    pub fn is_user(&self, uid: libc::uid_t) -> bool {
        #[cfg(linux_like)]
        if self.unix.euid == uid && super::overflow_ids::is_any_user(uid) {
            return false;
        }
        self.unix.euid == uid
    }

    /// Returns whether this is the effective group or one of the [`groups`](Self::groups). Unix
    /// only.
    ///
    /// # Platform-specific behaviour
    /// As for [`is_user`](Self::is_user). If [`groups`](Self::groups) are unknown, or the system has
    /// left some out, the peer is not in them.
    #[must_use]
    pub fn is_in_group(&self, gid: libc::gid_t) -> bool {
        let is_in = self.unix.egid == gid || self.groups().is_some_and(|all| all.contains(&gid));
        #[cfg(linux_like)]
        if is_in && super::overflow_ids::is_any_group(gid) {
            return false;
        }
        is_in
    }
}

/// Returns the credentials of the peer without its supplementary groups (`SO_PEERCRED`: `unix(7)`).
#[cfg(linux_like)]
pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<PeerCreds> {
    let mut creds = [libc::ucred { pid: 0, uid: 0, gid: 0 }];
    // SAFETY: ucred consists of integers.
    unsafe { socket_option(socket, libc::SOL_SOCKET, libc::SO_PEERCRED, &mut creds) }
        .map_err(|(error, _)| error)?;
    let [creds] = creds;
    if creds.uid == libc::uid_t::MAX {
        return Err(io::Error::from_raw_os_error(libc::ENOTCONN));
    }
    // A peer in another process namespace has the number 0.
    let pid = (creds.pid > 0).then_some(creds.pid);
    Ok(PeerCreds::new(pid, creds.uid, creds.gid, Groups::default()))
}

/// Returns the credentials of the peer, with its groups if the system returns them.
pub(super) fn credentials_with_groups(socket: BorrowedFd<'_>) -> io::Result<PeerCreds> {
    let creds = credentials(socket)?;
    #[cfg(linux_like)]
    let creds = PeerCreds { unix: Ids { groups: groups(socket), ..creds.unix }, ..creds };
    Ok(creds)
}

/// Returns the supplementary groups of the peer (`SO_PEERGROUPS`: `socket(7)`).
#[cfg(linux_like)]
fn groups(socket: BorrowedFd<'_>) -> Groups {
    const SO_PEERGROUPS: libc::c_int = 59;
    let size = size_of::<libc::gid_t>();
    let known = |ids| Groups { ids, is_truncated: false };
    let mut ids = [0; FEW];
    // SAFETY: the elements are integers.
    let needed = match unsafe { socket_option(socket, libc::SOL_SOCKET, SO_PEERGROUPS, &mut ids) } {
        Ok(len) => return known(GroupIds::Few { len: (len / size).min(FEW), ids }),
        // With `ERANGE` the system returns the length that is needed.
        Err((error, len)) if error.raw_os_error() == Some(libc::ERANGE) => len / size,
        Err(_) => return Groups::default(),
    };
    let mut ids = vec![0; needed];
    // SAFETY: the elements are integers.
    match unsafe { socket_option(socket, libc::SOL_SOCKET, SO_PEERGROUPS, &mut ids) } {
        Ok(len) => {
            ids.truncate(len / size);
            known(GroupIds::Many(ids.into()))
        }
        Err(_) => Groups::default(),
    }
}

/// Returns a descriptor of the peer's process (`SO_PEERPIDFD`: `socket(7)`, Linux 6.5). The system
/// sets close-on-exec.
#[cfg(linux_like)]
pub(super) fn pidfd(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    let option = if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) { 0x56 } else { 77 };
    let mut number: [libc::c_int; 1] = [-1];
    // SAFETY: the value is an integer.
    unsafe { socket_option(socket, libc::SOL_SOCKET, option, &mut number) }.map_err(
        |(error, _)| match error.raw_os_error() {
            Some(libc::ENOPROTOOPT) => no_pidfd("the kernel is older than Linux 6.5"),
            _ => error,
        },
    )?;
    // SAFETY: the call has succeeded, so this is a new descriptor without an owner.
    Ok(unsafe { OwnedFd::from_raw_fd(number[0]) })
}

/// Fails with `Unsupported`.
#[cfg(not(linux_like))]
pub(super) fn pidfd(_: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Err(no_pidfd("only Linux has that"))
}

fn no_pidfd(why: &str) -> io::Error {
    let text = format!("the system gives no descriptor of a peer's process: {why}");
    io::Error::new(io::ErrorKind::Unsupported, text)
}

/// Returns the credentials of the peer (`getpeereid(3)` and the options of each system).
#[cfg(not(linux_like))]
pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<PeerCreds> {
    use std::os::fd::AsRawFd;
    let (mut euid, mut egid) = (0, 0);
    // SAFETY: both pointers are to live integers.
    check(unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut euid, &raw mut egid) })?;
    let (pid, groups) = extra(socket);
    Ok(PeerCreds::new(pid.filter(|pid| *pid > 0), euid, egid, groups))
}

/// Reads `LOCAL_PEERPID` and `LOCAL_PEERCRED` (`<sys/un.h>`).
#[cfg(apple)]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    let mut pid = [0];
    // SAFETY: the value is an integer.
    let known = unsafe { socket_option(socket, libc::SOL_LOCAL, libc::LOCAL_PEERPID, &mut pid) };
    (
        known.is_ok().then_some(pid[0]),
        xucred(socket).map_or_else(Groups::default, |c| groups_of(&c)),
    )
}

/// Reads `LOCAL_PEERCRED` (`unix(4)`).
#[cfg(target_os = "freebsd")]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    match xucred(socket) {
        // SAFETY: the union's other member is a pointer that the kernel does not set.
        Some(creds) => (Some(unsafe { creds.cr_pid__c_anonymous_union.cr_pid }), groups_of(&creds)),
        None => (None, Groups::default()),
    }
}

#[cfg(any(apple, target_os = "freebsd"))]
fn xucred(socket: BorrowedFd<'_>) -> Option<libc::xucred> {
    const SOL_LOCAL: libc::c_int = 0;
    // SAFETY: xucred consists of integers, for which zero bytes are a value.
    let mut creds: [libc::xucred; 1] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    unsafe { socket_option(socket, SOL_LOCAL, libc::LOCAL_PEERCRED, &mut creds) }.ok()?;
    let [creds] = creds;
    (creds.cr_version == libc::XUCRED_VERSION).then_some(creds)
}

/// Returns all groups but the first, which is the effective group. The system leaves out groups for
/// which there is no room.
#[cfg(any(apple, target_os = "freebsd"))]
fn groups_of(creds: &libc::xucred) -> Groups {
    let count = usize::try_from(creds.cr_ngroups).unwrap_or(0).min(creds.cr_groups.len());
    let all = creds.cr_groups[..count].get(1..).unwrap_or_default();
    let len = all.len().min(FEW);
    let mut ids = [0; FEW];
    ids[..len].copy_from_slice(&all[..len]);
    Groups { ids: GroupIds::Few { len, ids }, is_truncated: count == creds.cr_groups.len() }
}

/// Reads `SO_PEERCRED` (`getsockopt(2)`).
#[cfg(target_os = "openbsd")]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    let mut creds = [libc::sockpeercred { uid: 0, gid: 0, pid: 0 }];
    // SAFETY: sockpeercred consists of integers.
    let known = unsafe { socket_option(socket, libc::SOL_SOCKET, libc::SO_PEERCRED, &mut creds) };
    (known.is_ok().then_some(creds[0].pid), Groups::default())
}

/// Reads `LOCAL_PEEREID` (`unix(4)`).
#[cfg(target_os = "netbsd")]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    const SOL_LOCAL: libc::c_int = 0;
    const LOCAL_PEEREID: libc::c_int = 3;
    let mut creds = [libc::unpcbid { unp_pid: 0, unp_euid: 0, unp_egid: 0 }];
    // SAFETY: unpcbid consists of integers.
    let known = unsafe { socket_option(socket, SOL_LOCAL, LOCAL_PEEREID, &mut creds) };
    (known.is_ok().then_some(creds[0].unp_pid), Groups::default())
}

#[cfg(not(any(linux_like, apple, bsd_like)))]
fn extra(_: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    (None, Groups::default())
}
