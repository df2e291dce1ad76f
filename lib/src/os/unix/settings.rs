use crate::{Access, ListenerOptions, PeerCreds, name::sealed::Sealed};

/// What only Unix has among the options of a listener.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenerSettings {
    mode: Option<libc::mode_t>,
    pub(super) group: Option<u32>,
    pub(super) backlog: Option<u32>,
}

/// Options that only Unix has.
pub trait ListenerOptionsExt: Sized + Sealed {
    /// The permissions of the socket file, in force before anybody can connect. By
    /// default they are what the process's umask leaves of 777; the umask does not
    /// weaken a mode that is given here, and is not changed. Bits beyond 7777 are an
    /// `InvalidInput` error when listening.
    ///
    /// # Platform-specific behaviour
    /// To connect, a client needs the permission to write (`unix(7)`). For an abstract
    /// name on Linux the mode is that of the socket itself, and nobody checks it; there
    /// [`access`](ListenerOptions::access) says who may connect.
    #[must_use]
    fn mode(self, mode: libc::mode_t) -> Self;

    /// The group of the socket file, by its number. By default it is what the system
    /// gives to new files. It has no meaning for abstract names.
    #[must_use]
    fn group(self, gid: libc::gid_t) -> Self;

    /// How many clients may wait to be accepted. By default, and at most, it is what
    /// the system allows (`listen(2)`; on Linux `/proc/sys/net/core/somaxconn`).
    #[must_use]
    fn backlog(self, clients: u32) -> Self;
}

impl ListenerOptionsExt for ListenerOptions<'_> {
    fn mode(mut self, mode: libc::mode_t) -> Self {
        self.system.mode = Some(mode);
        self
    }

    fn group(mut self, gid: libc::gid_t) -> Self {
        self.system.group = Some(gid);
        self
    }

    fn backlog(mut self, clients: u32) -> Self {
        self.system.backlog = Some(clients);
        self
    }
}

/// The mode that was asked for, if one was.
pub(super) fn mode_of(options: &ListenerOptions<'_>) -> Option<libc::mode_t> {
    options.system.mode.or(options.access.map(|access| match access {
        Access::CurrentUser => 0o600,
        Access::Group => 0o660,
        Access::Everyone => 0o666,
    }))
}

/// What an access means where no file's mode says it: whether a client has it, by its
/// credentials. `None` is everyone.
pub(super) fn access_check(access: Access) -> Option<fn(&PeerCreds) -> bool> {
    /// Root has access to every file as well.
    fn is_of_user(peer: &PeerCreds) -> bool {
        peer.is_same_user() || peer.is_user(0)
    }
    fn is_of_group(peer: &PeerCreds) -> bool {
        is_of_user(peer) || peer.is_in_group(rustix::process::getegid().as_raw())
    }
    match access {
        Access::CurrentUser => Some(is_of_user),
        Access::Group => Some(is_of_group),
        Access::Everyone => None,
    }
}
