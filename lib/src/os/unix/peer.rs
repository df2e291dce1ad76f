//! Who is at the other end of a socket.

#![allow(unsafe_code, reason = "socket options that no safe interface offers")]

#[allow(unused_imports, reason = "which of them are needed differs between systems")]
use super::sys::{check, socket_option};
use crate::{PeerCreds, peer::Pid};
use std::{
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

/// How many groups of a peer are kept.
const MAX_GROUPS: usize = 32;

/// The numbers that only Unix has.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Ids {
    euid: Option<libc::uid_t>,
    egid: Option<libc::gid_t>,
    groups: Groups,
}

#[derive(Copy, Clone, Debug, Default)]
struct Groups {
    known: bool,
    truncated: bool,
    len: usize,
    ids: [libc::gid_t; MAX_GROUPS],
}

impl Groups {
    #[cfg_attr(
        any(target_os = "openbsd", target_os = "netbsd"),
        expect(dead_code, reason = "these systems do not tell the groups")
    )]
    fn new(ids: &[libc::gid_t]) -> Self {
        let len = ids.len().min(MAX_GROUPS);
        let mut groups = Self { known: true, truncated: len < ids.len(), len, ..Self::default() };
        groups.ids[..len].copy_from_slice(&ids[..len]);
        groups
    }
}

impl PeerCreds {
    fn new(pid: Option<Pid>, euid: libc::uid_t, egid: libc::gid_t, groups: Groups) -> Self {
        Self { pid, unix: Ids { euid: Some(euid), egid: Some(egid), groups } }
    }

    /// The effective user. Unix only.
    #[must_use]
    pub fn euid(&self) -> Option<libc::uid_t> {
        self.unix.euid
    }

    /// The effective group. Unix only.
    #[must_use]
    pub fn egid(&self) -> Option<libc::gid_t> {
        self.unix.egid
    }

    /// The supplementary groups, at most 32 of them. Unix only.
    ///
    /// # Platform-specific behaviour
    /// Linux (from 4.13 on), Android, macOS and FreeBSD tell.
    #[must_use]
    pub fn groups(&self) -> Option<&[libc::gid_t]> {
        let groups = &self.unix.groups;
        groups.known.then(|| &groups.ids[..groups.len])
    }

    /// Whether there are more groups than [`groups`](Self::groups) gives. Unix only.
    #[must_use]
    pub fn groups_truncated(&self) -> bool {
        self.unix.groups.truncated
    }
}

/// Asks the system who is at the other end (`SO_PEERCRED`, `SO_PEERGROUPS`: `unix(7)`,
/// `socket(7)`).
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<PeerCreds> {
    let mut creds = [libc::ucred { pid: 0, uid: 0, gid: 0 }];
    // SAFETY: ucred is made of integers.
    unsafe { socket_option(socket, libc::SOL_SOCKET, libc::SO_PEERCRED, &mut creds) }
        .map_err(|(error, _)| error)?;
    let [creds] = creds;
    if creds.uid == libc::uid_t::MAX {
        return Err(io::Error::from_raw_os_error(libc::ENOTCONN));
    }
    // A peer in a foreign process namespace has the number 0 here.
    let pid = (creds.pid > 0).then_some(creds.pid);
    Ok(PeerCreds::new(pid, creds.uid, creds.gid, groups(socket)))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn groups(socket: BorrowedFd<'_>) -> Groups {
    const SO_PEERGROUPS: libc::c_int = 59;
    let size = size_of::<libc::gid_t>();
    let mut ids = vec![0; MAX_GROUPS];
    loop {
        // SAFETY: the elements are integers.
        match unsafe { socket_option(socket, libc::SOL_SOCKET, SO_PEERGROUPS, &mut ids) } {
            Ok(len) => return Groups::new(&ids[..(len / size).min(ids.len())]),
            // The length that is needed comes with ERANGE.
            Err((error, len))
                if error.raw_os_error() == Some(libc::ERANGE) && len / size > ids.len() =>
            {
                ids.resize(len / size, 0);
            }
            Err(_) => return Groups::default(),
        }
    }
}

/// Asks the system for the process at the other end (`SO_PEERPIDFD`: `socket(7)`, Linux
/// 6.5). Its descriptor closes on exec.
#[cfg(any(target_os = "linux", target_os = "android"))]
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
    // SAFETY: the call has succeeded, and so this is a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(number[0]) })
}

/// As above.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn pidfd(_: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    Err(no_pidfd("only Linux has that"))
}

fn no_pidfd(why: &str) -> io::Error {
    let text = format!("the system gives no descriptor of a peer's process: {why}");
    io::Error::new(io::ErrorKind::Unsupported, text)
}

/// Asks the system who is at the other end (`getpeereid(3)` and what each system has
/// besides).
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn credentials(socket: BorrowedFd<'_>) -> io::Result<PeerCreds> {
    use std::os::fd::AsRawFd;
    let (mut euid, mut egid) = (0, 0);
    // SAFETY: both pointers are to live integers.
    check(unsafe { libc::getpeereid(socket.as_raw_fd(), &raw mut euid, &raw mut egid) })?;
    let (pid, groups) = extra(socket);
    Ok(PeerCreds::new(pid.filter(|pid| *pid > 0), euid, egid, groups))
}

/// `LOCAL_PEERPID` and `LOCAL_PEERCRED` (`<sys/un.h>`)
#[cfg(target_vendor = "apple")]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    let mut pid = [0];
    // SAFETY: the value is an integer.
    let known = unsafe { socket_option(socket, libc::SOL_LOCAL, libc::LOCAL_PEERPID, &mut pid) };
    (
        known.is_ok().then_some(pid[0]),
        xucred(socket).map_or_else(Groups::default, |c| groups_of(&c)),
    )
}

/// `LOCAL_PEERCRED` (`unix(4)`)
#[cfg(target_os = "freebsd")]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    match xucred(socket) {
        // SAFETY: the union's other member is a pointer that the kernel does not set.
        Some(creds) => (Some(unsafe { creds.cr_pid__c_anonymous_union.cr_pid }), groups_of(&creds)),
        None => (None, Groups::default()),
    }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
fn xucred(socket: BorrowedFd<'_>) -> Option<libc::xucred> {
    const SOL_LOCAL: libc::c_int = 0;
    // SAFETY: xucred is made of integers, for which zero bytes are a value.
    let mut creds: [libc::xucred; 1] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    unsafe { socket_option(socket, SOL_LOCAL, libc::LOCAL_PEERCRED, &mut creds) }.ok()?;
    let [creds] = creds;
    (creds.cr_version == libc::XUCRED_VERSION).then_some(creds)
}

/// The first entry is the effective group.
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
fn groups_of(creds: &libc::xucred) -> Groups {
    let len = usize::try_from(creds.cr_ngroups).unwrap_or(0).min(creds.cr_groups.len());
    Groups::new(creds.cr_groups[..len].get(1..).unwrap_or_default())
}

/// `SO_PEERCRED` (`getsockopt(2)`)
#[cfg(target_os = "openbsd")]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    let mut creds = [libc::sockpeercred { uid: 0, gid: 0, pid: 0 }];
    // SAFETY: sockpeercred is made of integers.
    let known = unsafe { socket_option(socket, libc::SOL_SOCKET, libc::SO_PEERCRED, &mut creds) };
    (known.is_ok().then_some(creds[0].pid), Groups::default())
}

/// `LOCAL_PEEREID` (`unix(4)`)
#[cfg(target_os = "netbsd")]
fn extra(socket: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    const SOL_LOCAL: libc::c_int = 0;
    const LOCAL_PEEREID: libc::c_int = 3;
    let mut creds = [libc::unpcbid { unp_pid: 0, unp_euid: 0, unp_egid: 0 }];
    // SAFETY: unpcbid is made of integers.
    let known = unsafe { socket_option(socket, SOL_LOCAL, LOCAL_PEEREID, &mut creds) };
    (known.is_ok().then_some(creds[0].unp_pid), Groups::default())
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "netbsd"
)))]
fn extra(_: BorrowedFd<'_>) -> (Option<Pid>, Groups) {
    (None, Groups::default())
}
