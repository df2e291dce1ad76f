use super::AcceptFilter;
use crate::{Listener, ListenerNonblockingMode, Name, PeerCreds, os, traits};
use std::{io, time::Duration};

/// What to do with a name that is in use already.
///
/// What is not a socket is never touched; on every system the error for a name that
/// stays another's is `AddrInUse`.
///
/// While a stale or live name is taken over, the folder of the socket file is locked
/// (`flock(2)` on a descriptor of the folder); no lock file is made. Any process that may
/// read the folder can hold that lock: a free name does not depend on it, and for another
/// name the error is `AddrInUse` with the obstacle
/// [`Contended`](crate::error::Obstacle::Contended) after
/// [`max_spin_time`](ListenerOptions::max_spin_time). If the folder may not be read, or its
/// file system has no locks, names are taken over without it: still no file is lost, but of
/// processes that take over one stale name in the same instant more than one may succeed.
///
/// # Platform-specific behaviour
/// - Only socket files can be stale. For abstract names and named pipes, which end
///   with their holder, every value means [`Fail`](Self::Fail).
/// - Where files cannot be exchanged or renamed without replacing (`renameat2(2)`: Linux 3.15
///   and most of its file systems; macOS), another file that comes to the path between two
///   system calls of [`Replace`](Self::Replace) is lost.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// It is an error.
    #[default]
    Fail,
    /// A socket file that nobody listens on is replaced, a live one is an error. Of
    /// any number of processes that do this at the same time exactly one gets the
    /// name.
    ReplaceStale,
    /// A live server's socket file is replaced too, atomically: there is no moment in
    /// which clients find nothing. Whoever it belonged to keeps its open connections
    /// but gets no new ones.
    Replace,
}

/// Who may connect, in words that every system knows.
///
/// # Platform-specific behaviour
/// - Socket files: mode 600, 660 or 666.
/// - Abstract names have no permissions: clients can connect, but only those that have
///   access, by their [credentials](crate::PeerCreds), are handed out, as with an
///   [`accept_filter`](ListenerOptions::accept_filter). Without this option all are. The
///   user is the effective one of the process and root; the group is its effective one.
///   That is up to the listener: a descriptor that is made of it accepts everyone.
/// - Windows: a security descriptor that admits SYSTEM, the administrators, and the
///   current user, the current user's primary group, or everyone. The group and everyone
///   are granted what clients need (0x12019b) and no more: they can neither make an instance
///   of the pipe nor change who may connect. Without this option it is
///   [`CurrentUser`](Self::CurrentUser).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The user that this process runs as.
    CurrentUser,
    /// The members of the process's group as well.
    Group,
    /// Everyone on this machine.
    Everyone,
}

/// How to listen.
///
/// ```
/// use local_socket::{prelude::*, GenericNamespaced, ListenerOptions, OnConflict};
/// # fn main() -> std::io::Result<()> {
/// # let word = format!("options-{}", std::process::id());
/// let listener = ListenerOptions::new()
///     .name(word.to_ns_name::<GenericNamespaced>()?)
///     .on_conflict(OnConflict::ReplaceStale)
///     .create_sync()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ListenerOptions<'n> {
    pub(crate) name: Option<Name<'n>>,
    pub(crate) nonblocking: ListenerNonblockingMode,
    pub(crate) reclaim_name: bool,
    pub(crate) on_conflict: OnConflict,
    pub(crate) max_spin_time: Option<Duration>,
    pub(crate) access: Option<Access>,
    pub(crate) accept_filter: AcceptFilter,
    pub(crate) system: os::imp::ListenerSettings,
}

impl Default for ListenerOptions<'_> {
    fn default() -> Self {
        Self {
            name: None,
            nonblocking: ListenerNonblockingMode::Neither,
            reclaim_name: true,
            on_conflict: OnConflict::Fail,
            max_spin_time: None,
            access: None,
            accept_filter: AcceptFilter::default(),
            system: os::imp::ListenerSettings::default(),
        }
    }
}

impl crate::name::sealed::Sealed for ListenerOptions<'_> {}

impl<'n> ListenerOptions<'n> {
    /// Options with their defaults and without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name to listen under. There is no default: without it listening is an
    /// `InvalidInput` error.
    #[must_use]
    pub fn name(mut self, name: Name<'n>) -> Self {
        self.name = Some(name);
        self
    }

    /// Whether accepting, the accepted streams, or both are non-blocking; neither by
    /// default.
    #[must_use]
    pub fn nonblocking(mut self, nonblocking: ListenerNonblockingMode) -> Self {
        self.nonblocking = nonblocking;
        self
    }

    /// Whether dropping the listener removes its name; it does by default.
    ///
    /// Only a file that is still the listener's own (same device and inode) is removed,
    /// wherever the working directory has gone in the meantime, and only by the process that
    /// made the listener, not by a forked child. Nothing is waited for.
    ///
    /// # Platform-specific behaviour
    /// Abstract names and named pipes end with their listener in any case.
    #[must_use]
    pub fn reclaim_name(mut self, reclaim_name: bool) -> Self {
        self.reclaim_name = reclaim_name;
        self
    }

    /// What to do with a name that is in use; [`OnConflict::Fail`] by default.
    #[must_use]
    pub fn on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = on_conflict;
        self
    }

    /// `true` means [`OnConflict::Replace`], `false` [`OnConflict::Fail`].
    #[must_use]
    pub fn try_overwrite(self, overwrite: bool) -> Self {
        self.on_conflict(if overwrite { OnConflict::Replace } else { OnConflict::Fail })
    }

    /// How long taking over a name may take while other processes do the same; ten
    /// seconds by default. After that it is an `AddrInUse` error. With `Duration::MAX` there
    /// is no limit. An [asynchronous](Self::create_tokio) listener takes at most 50 ms.
    #[must_use]
    pub fn max_spin_time(mut self, max_spin_time: Duration) -> Self {
        self.max_spin_time = Some(max_spin_time);
        self
    }

    /// Who may connect. A security descriptor, or for a socket file a mode, that is given as
    /// well has precedence. An [`accept_filter`](Self::accept_filter) chooses among those
    /// that may.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = Some(access);
        self
    }

    /// Which clients are handed out: those that the filter says `true` to. By default all
    /// of them are.
    ///
    /// Who is refused can connect, but finds the end of file, or an error, at once.
    /// Accepting goes on with the next client, within the same
    /// [timeout](traits::Listener::set_accept_timeout), as if the refused one had not
    /// come; a `tracing` event at debug level tells of it. Clients whose credentials the
    /// system does not tell are refused without asking the filter.
    ///
    /// The filter is called in the thread that accepts, in several at once if several
    /// accept.
    ///
    /// ```
    /// use local_socket::{prelude::*, GenericNamespaced, ListenerOptions};
    /// # fn main() -> std::io::Result<()> {
    /// # let word = format!("filter-{}", std::process::id());
    /// let listener = ListenerOptions::new()
    ///     .name(word.to_ns_name::<GenericNamespaced>()?)
    ///     .accept_filter(|peer| peer.pid() != Some(1))
    ///     .create_sync()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Platform-specific behaviour
    /// What the credentials tell is said at [`PeerCreds`].
    #[must_use]
    pub fn accept_filter(
        mut self,
        filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.accept_filter.set(filter);
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    /// `AddrInUse` where the name is another's, `PermissionDenied` and `NotFound` where
    /// the folder cannot be written to or is not there, `InvalidInput` without a name or for
    /// a mode beyond 7777, `Unsupported` for a name or an option that this system does not have.
    pub fn create_sync(self) -> io::Result<Listener> {
        self.create_sync_as()
    }

    /// Starts to listen, with the given type of listener.
    ///
    /// # Errors
    /// As [`create_sync`](Self::create_sync).
    pub fn create_sync_as<L: traits::Listener>(self) -> io::Result<L> {
        L::from_options(self)
    }

    /// Starts to listen, for asynchronous programs. What
    /// [`nonblocking`](Self::nonblocking) says has no meaning there.
    ///
    /// If another process holds the lock of the folder while a stale or live name is to be
    /// taken over, this blocks the thread for up to 50 ms, or
    /// [`max_spin_time`](Self::max_spin_time) if that is less. A free name is not waited for.
    ///
    /// # Errors
    /// As [`create_sync`](Self::create_sync); also outside a tokio runtime.
    ///
    /// # Panics
    /// As everything of tokio's that does I/O, in a runtime that was built without its
    /// I/O driver (`enable_io`).
    #[cfg(feature = "tokio")]
    pub fn create_tokio(self) -> io::Result<crate::tokio::Listener> {
        self.create_tokio_as()
    }

    /// Starts to listen, with the given type of asynchronous listener.
    ///
    /// # Errors
    /// As [`create_tokio`](Self::create_tokio).
    #[cfg(feature = "tokio")]
    pub fn create_tokio_as<L: traits::tokio::Listener>(self) -> io::Result<L> {
        L::from_options(self)
    }

    /// The name, or the error for its absence.
    pub(crate) fn required_name(&self) -> io::Result<&Name<'n>> {
        self.name.as_ref().ok_or_else(no_name)
    }

    /// The time within which taking over a name has to succeed.
    #[cfg_attr(windows, expect(dead_code, reason = "names of pipes are never taken over"))]
    pub(crate) fn spin_limit(&self) -> Duration {
        self.max_spin_time.unwrap_or(Duration::from_secs(10))
    }
}

pub(super) fn no_name() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no name was given")
}
