use super::AcceptFilter;
#[cfg(feature = "tokio")]
use crate::error::{Obstacle, SocketError};
use crate::{Listener, ListenerNonblockingMode, Name, PeerCreds, os, traits};
use std::{io, time::Duration};
#[cfg(feature = "tokio")]
use std::{thread, time::Instant};

/// What to do with a name that is in use.
///
/// A name that is not replaced is an `AddrInUse` error on every system. Files that are not
/// sockets are never replaced.
///
/// While a name is replaced, the folder of the socket file is locked (`flock(2)` on a descriptor of
/// the folder; there is no lock file). Every process that may read the folder can hold the lock.
/// A free name does not need it. For a name in use, listening fails after
/// [`max_spin_time`](ListenerOptions::max_spin_time) with `ResourceBusy` and the obstacle
/// [`Contended`](crate::error::Obstacle::Contended). If this process may not read the folder, or
/// the file system has no locks, names are replaced without the lock. No other file is lost then,
/// but if several processes replace a stale name at the same time, more than one can succeed.
///
/// A process that is killed in the microseconds between the two renames can leave a dead socket
/// file beside the name, called `.staleN.M.NAME` or `.newN.M.NAME`. No process listens on it,
/// nothing waits for it, and it can be deleted.
///
/// # Platform-specific behaviour
/// - Only socket files can be replaced. Abstract names and named pipes end with their listener; for
///   them every value means [`Fail`](Self::Fail).
/// - [`Replace`](Self::Replace) needs a system call that exchanges two files, or renames one
///   without replacing another (`renameat2(2)`: Linux 3.15 and most of its file systems; macOS).
///   Elsewhere a file that another process creates at the path between two system calls is lost.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Fails with `AddrInUse`.
    #[default]
    Fail,
    /// Replaces a stale socket file, on which no process listens, and fails if a server listens
    /// on it. If several processes do this at the same time, exactly one of them succeeds.
    ReplaceStale,
    /// Replaces a stale socket file, and also one on which a server listens. The replacement is
    /// atomic: clients always find a server. The replaced server keeps its open connections and
    /// gets no new ones.
    Replace,
}

/// Who may connect, for all systems.
///
/// # Platform-specific behaviour
/// - Socket files: mode 600, 660 or 666.
/// - Abstract names have no permissions: every client can connect, but only clients with access,
///   by their [credentials](crate::PeerCreds), are accepted, as with an
///   [`accept_filter`](ListenerOptions::accept_filter). The user is the effective user of this
///   process, and root; the group is its effective group. Without this option all clients are
///   accepted. The check belongs to the listener: a descriptor that is made from it accepts every
///   client.
/// - Windows: a security descriptor with full access for SYSTEM, the administrators and the current
///   user. Depending on the value, the current user's primary group or everyone has the rights that
///   clients need (0x12019b): they cannot create an instance of the pipe or change its security
///   descriptor. Without this option it is that of [`CurrentUser`](Self::CurrentUser).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The user that this process runs as.
    CurrentUser,
    /// The user and the members of one group: that of the socket file, or the primary group of
    /// this process (Windows).
    Group,
    /// All users of this machine.
    Everyone,
}

/// Options for listening.
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
    /// Creates options with their default values and without a name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name to listen on. It is required: without it listening fails with
    /// `InvalidInput`.
    #[must_use]
    pub fn name(mut self, name: Name<'n>) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets whether accepting, accepted streams, or both are non-blocking. The default is
    /// [`Neither`](ListenerNonblockingMode::Neither). It has no effect on asynchronous
    /// listeners.
    #[must_use]
    pub fn nonblocking(mut self, nonblocking: ListenerNonblockingMode) -> Self {
        self.nonblocking = nonblocking;
        self
    }

    /// Sets whether dropping the listener removes its socket file. The default is `true`.
    ///
    /// The file is removed only if it is still the one that the listener created (same device
    /// and inode), and only by the process that created the listener, not by a forked child. A
    /// relative path still leads to it if the working directory was changed. Dropping does not
    /// wait for a lock.
    ///
    /// # Platform-specific behaviour
    /// Abstract names and named pipes end with their listener, whatever the value.
    #[must_use]
    pub fn reclaim_name(mut self, reclaim_name: bool) -> Self {
        self.reclaim_name = reclaim_name;
        self
    }

    /// Sets what to do with a name that is in use. The default is [`OnConflict::Fail`].
    #[must_use]
    pub fn on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.on_conflict = on_conflict;
        self
    }

    /// Sets [`on_conflict`](Self::on_conflict) to [`OnConflict::Replace`] if `overwrite` is
    /// `true`, else to [`OnConflict::Fail`].
    #[must_use]
    pub fn try_overwrite(self, overwrite: bool) -> Self {
        self.on_conflict(if overwrite { OnConflict::Replace } else { OnConflict::Fail })
    }

    /// Sets how long replacing a name may take while other processes replace it, too. The
    /// default is 10 seconds, and `Duration::MAX` means no limit. After that listening fails with
    /// `ResourceBusy`. For [`create_tokio`](Self::create_tokio) the limit is at most 50 ms.
    ///
    /// # Platform-specific behaviour
    /// It has no effect on abstract names and on Windows.
    #[must_use]
    pub fn max_spin_time(mut self, max_spin_time: Duration) -> Self {
        self.max_spin_time = Some(max_spin_time);
        self
    }

    /// Sets who may connect. A security descriptor that is set as well takes precedence, and so
    /// does the mode of a socket file. An [`accept_filter`](Self::accept_filter) chooses among the
    /// clients with access.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = Some(access);
        self
    }

    /// Sets a filter: only clients for which it returns `true` are accepted. The default
    /// accepts all clients.
    ///
    /// A refused client can connect, but its connection is closed at once. Accepting goes on
    /// with the next client, within the same [timeout](traits::Listener::set_accept_timeout),
    /// and emits a `tracing` event at debug level. If the system cannot return a client's
    /// credentials, the client is refused without a call of the filter.
    ///
    /// The filter is called in the thread that accepts; if several threads accept, in all of
    /// them at the same time.
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
    /// [`PeerCreds`] describes which credentials each system returns.
    #[must_use]
    pub fn accept_filter(
        mut self,
        filter: impl Fn(&PeerCreds) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.accept_filter.set(filter);
        self
    }

    /// Starts listening.
    ///
    /// # Errors
    /// All but the first contain a [`SocketError`](crate::error::SocketError) with the name:
    /// - `InvalidInput` if no name was set.
    /// - `InvalidInput` if the file mode has bits beyond 7777 (octal).
    /// - `AddrInUse` if the name is in use and is not replaced. Its
    ///   [obstacle](crate::error::SocketError::obstacle) says by what.
    /// - `ResourceBusy` if other processes were replacing names in the folder, or one of them held
    ///   its lock, for longer than [`max_spin_time`](Self::max_spin_time).
    /// - `PermissionDenied` if this process may not create files in the folder, or may not give
    ///   the file the owner or the group that was set.
    /// - `NotFound` if the folder does not exist.
    /// - `Unsupported` if this system does not have names of this kind; on Windows also for a
    ///   pipe of another machine.
    /// - Another error of `bind(2)`, `listen(2)` or `socket(2)` (Unix), or of
    ///   `CreateNamedPipeW` (Windows).
    pub fn create_sync(self) -> io::Result<Listener> {
        self.create_sync_as()
    }

    /// Starts listening and returns the given type of listener.
    ///
    /// # Errors
    /// As [`create_sync`](Self::create_sync).
    pub fn create_sync_as<L: traits::Listener>(self) -> io::Result<L> {
        L::from_options(self)
    }

    /// Starts listening and returns an asynchronous listener.
    ///
    /// If a name has to be replaced and another process holds the lock of the folder, it blocks the
    /// thread for up to 50 ms, or [`max_spin_time`](Self::max_spin_time) if that is shorter.
    /// [`create_tokio_async`](Self::create_tokio_async) waits without blocking. A free name needs no
    /// lock.
    ///
    /// # Errors
    /// As [`create_sync`](Self::create_sync). `Other` outside a tokio runtime.
    ///
    /// # Panics
    /// On Unix in a runtime without its I/O driver (`enable_io`).
    #[cfg(feature = "tokio")]
    pub fn create_tokio(self) -> io::Result<crate::tokio::Listener> {
        self.create_tokio_as()
    }

    /// Starts listening and returns the given type of asynchronous listener.
    ///
    /// # Errors
    /// As [`create_tokio`](Self::create_tokio).
    #[cfg(feature = "tokio")]
    pub fn create_tokio_as<L: traits::tokio::Listener>(self) -> io::Result<L> {
        L::from_options(self)
    }

    /// Starts listening and returns an asynchronous listener. Waits for other processes that are
    /// replacing names in the folder, for at most [`max_spin_time`](Self::max_spin_time).
    ///
    /// # Cancel safety
    /// Cancel safe: if the future is dropped before it is ready, nothing has been replaced.
    ///
    /// # Errors
    /// As [`create_tokio`](Self::create_tokio).
    ///
    /// # Panics
    /// As [`create_tokio`](Self::create_tokio).
    #[cfg(feature = "tokio")]
    pub async fn create_tokio_async(self) -> io::Result<crate::tokio::Listener> {
        /// Time between two attempts.
        const PAUSE: Duration = Duration::from_millis(10);
        let deadline = Instant::now().checked_add(self.spin_limit());
        let once = self.max_spin_time(Duration::ZERO);
        loop {
            let error = match once.clone().create_tokio() {
                Err(error) if is_contended(&error) => error,
                result => return result,
            };
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(error);
            }
            // The runtime may have been built without tokio's timers.
            let pause = ::tokio::task::spawn_blocking(|| thread::sleep(PAUSE));
            pause.await.map_err(io::Error::other)?;
        }
    }

    /// Returns the name, or `InvalidInput` if none was set.
    pub(crate) fn required_name(&self) -> io::Result<&Name<'n>> {
        self.name.as_ref().ok_or_else(no_name)
    }

    /// Returns how long replacing a name may take.
    #[cfg_attr(
        all(windows, not(feature = "tokio")),
        expect(dead_code, reason = "names of pipes are never replaced")
    )]
    pub(crate) fn spin_limit(&self) -> Duration {
        self.max_spin_time.unwrap_or(Duration::from_secs(10))
    }
}

/// Returns whether other processes that replace names were in the way.
#[cfg(feature = "tokio")]
fn is_contended(error: &io::Error) -> bool {
    let obstacle = SocketError::of(error).and_then(SocketError::obstacle);
    matches!(obstacle, Some(Obstacle::Contended(_)))
}

pub(super) fn no_name() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no name was given")
}
