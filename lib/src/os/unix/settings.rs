use crate::{Access, ListenerOptions, PeerCreds, name::sealed::Sealed};

/// Options of a listener that exist only on Unix.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenerSettings {
    mode: Option<libc::mode_t>,
    pub(super) owner: Option<u32>,
    pub(super) group: Option<u32>,
    pub(super) backlog: Option<u32>,
}

/// Options of a listener that exist only on Unix.
pub trait ListenerOptionsExt: Sized + Sealed {
    /// Sets the mode of the socket file, before anybody can connect. By default it is 777 without
    /// the bits of the process's umask; a mode that is given here is not changed by the umask. Bits
    /// beyond 7777 are an `InvalidInput` error when listening.
    ///
    /// # Platform-specific behaviour
    /// A client needs write permission to connect (`unix(7)`). For an abstract name on Linux the
    /// mode is that of the socket itself and is not checked; use
    /// [`access`](ListenerOptions::access) there.
    #[must_use]
    fn mode(self, mode: libc::mode_t) -> Self;

    /// Sets the owner of the socket file, by number, before anybody can connect. By default it is the
    /// effective user of this process. To give a file to another user takes privileges
    /// (`CAP_CHOWN` on Linux); without them listening fails with `PermissionDenied`. It has no effect
    /// on abstract names.
    #[must_use]
    fn owner(self, uid: libc::uid_t) -> Self;

    /// Sets the group of the socket file, by number. By default it is the group that the system
    /// gives to new files. It has no effect on abstract names.
    #[must_use]
    fn group(self, gid: libc::gid_t) -> Self;

    /// Sets how many clients may wait to be accepted. The default and the maximum are set by the
    /// system (`listen(2)`; on Linux `/proc/sys/net/core/somaxconn`).
    #[must_use]
    fn backlog(self, clients: u32) -> Self;
}

impl ListenerOptionsExt for ListenerOptions<'_> {
    fn mode(mut self, mode: libc::mode_t) -> Self {
        self.system.mode = Some(mode);
        self
    }

    fn owner(mut self, uid: libc::uid_t) -> Self {
        self.system.owner = Some(uid);
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

/// Returns the mode that was set, if any.
pub(super) fn mode_of(options: &ListenerOptions<'_>) -> Option<libc::mode_t> {
    options.system.mode.or(options.access.map(|access| match access {
        Access::CurrentUser => 0o600,
        Access::Group => 0o660,
        Access::Everyone => 0o666,
    }))
}

/// Returns the check of a client's credentials for an [`Access`], where no file mode
/// does it. `None` admits everyone.
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
