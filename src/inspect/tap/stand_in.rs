use super::{
    ServeAs, Step, StepGate,
    access::check_access,
    leftover::{Restored, remove_aside, restore_locked},
    problem::{TapProblem, state_of},
};
use crate::{
    diag::escaped_path,
    system::{
        HAS_SOCKET_FILES,
        socket_file::{
            HeldFolder, LockError, NameLock, SocketFile, SocketState, aside_path, exchange,
            listen_like, move_to_free_path,
        },
    },
};
use local_socket::{Listener, Name};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The longest time that a tap waits for the lock of the folder. A server holds it while it takes
/// over a name, for milliseconds.
const LOCK_TIME: Duration = Duration::from_secs(2);

/// The two paths of a tap.
#[derive(Clone, Debug)]
pub(crate) struct TapPaths {
    /// The path that clients connect to.
    pub(crate) name: PathBuf,
    /// The path of the server's socket file while the tap runs.
    pub(crate) aside: PathBuf,
}

impl TapPaths {
    /// # Errors
    /// `NoFile` for a name that is no socket file.
    pub(crate) fn new(name: &Name<'_>) -> Result<Self, TapProblem> {
        if !HAS_SOCKET_FILES || !name.is_path() {
            return Err(TapProblem::NoFile(match name.kind_text() {
                "abstract socket" => "an abstract socket",
                "named pipe" => "a named pipe",
                _ => "a namespaced name",
            }));
        }
        Ok(Self::of_file(PathBuf::from(name.as_os_str())))
    }

    /// Returns the paths for a tap of the socket file.
    pub(crate) fn of_file(name: PathBuf) -> Self {
        Self { aside: aside_path(&name), name }
    }

    /// Returns the path aside as it can be printed.
    pub(crate) fn aside_text(&self) -> String {
        escaped_path(&self.aside)
    }

    /// Waits for the lock of the folder.
    pub(super) fn lock(&self) -> Result<NameLock, TapProblem> {
        NameLock::acquire(&self.name, LOCK_TIME).map_err(|error| match error {
            LockError::Held(lock) => TapProblem::locked(&lock),
            LockError::Impossible => TapProblem::unreadable_folder(),
        })
    }

    /// Returns the socket file of a server that listens at the name.
    ///
    /// # Errors
    /// `NoWay` or `System` if there is no file, `Link`, `NotASocket`, `NotListening`, `UnknownState`.
    pub(crate) fn live_server(&self) -> Result<SocketFile, TapProblem> {
        let file = match SocketFile::at_path(&self.name) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Err(match fs::read_link(&self.name) {
                    Ok(target) => TapProblem::Link(beside(&self.name, &target)),
                    Err(_) => TapProblem::NotASocket(error.to_string()),
                });
            }
            file => file.map_err(|error| TapProblem::no_way(&self.name, error))?,
        };
        expect_listener(file, &self.name)
    }
}

/// Returns the socket file, which is at the path, if a stream server listens.
///
/// # Errors
/// `NotListening`, `UnknownState`, or another error of `connect(2)`.
pub(super) fn expect_listener(file: SocketFile, path: &Path) -> Result<SocketFile, TapProblem> {
    match state_of(&file, path)? {
        SocketState::Stream { listens: true } | SocketState::Open => Ok(file),
        state => Err(TapProblem::NotListening(state)),
    }
}

/// Returns the target of a link relative to where the link is.
fn beside(link: &Path, target: &Path) -> PathBuf {
    link.parent().unwrap_or(Path::new("")).join(target)
}

/// A tap's place between clients and server. The server's file comes back when
/// [`restore`](Self::restore) is called, at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct StandIn {
    paths: TapPaths,
    /// The folder of both paths.
    folder: HeldFolder,
    /// The socket file of the server.
    server: Arc<SocketFile>,
    /// The socket file of the tap.
    own: SocketFile,
    gate: Box<dyn StepGate>,
    /// Whether the files were exchanged again, or cannot be.
    ended: Mutex<Option<StandInEnd>>,
}

/// How a tap has left its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StandInEnd {
    /// The server's file is back at its name.
    ServerBack,
    /// The tap's file was not at the name any more. What is there was not touched.
    NotOurs,
    /// The server's file was not aside any more. The tap's file was removed from the name.
    ServerFileGone,
    /// The files could not be exchanged, for this reason: the server's file is still aside.
    Failed(String),
}

impl StandIn {
    /// Takes the place between clients and the server that listens at the name, after what an earlier
    /// tap has left behind was put right. Nothing has changed if this fails, or the error says what.
    pub(crate) fn start(
        paths: TapPaths,
        serve_as: ServeAs,
        gate: Box<dyn StepGate>,
    ) -> Result<(Self, Listener, Option<Restored>), TapProblem> {
        let _lock = paths.lock()?;
        let folder = HeldFolder::of_file(&paths.name)?;
        let restored = restore_locked(&paths, &*gate)?;
        let server = paths.live_server()?;
        check_access(&paths, &server, serve_as)?;
        gate.before(Step::Listen)?;
        let (listener, own) = listen_like(&paths.aside, &server)?;
        let server = Arc::new(server);
        let swapped = swap_in(&paths, &server, &own, &*gate);
        let this = Self { paths, folder, server, own, gate, ended: Mutex::default() };
        if let Err(problem) = swapped {
            *this.ended() = Some(StandInEnd::NotOurs);
            remove_aside(&this.paths, &this.own, &*this.gate, Step::RemoveOwn)?;
            return Err(problem);
        }
        Ok((this, listener, restored))
    }

    /// Returns the socket file of the server.
    pub(crate) fn server(&self) -> &Arc<SocketFile> {
        &self.server
    }

    /// Returns the paths at the start.
    pub(crate) fn paths(&self) -> &TapPaths {
        &self.paths
    }

    /// Returns whether the tap's file is at the name.
    ///
    /// # Errors
    /// An error of `lstat(2)`.
    pub(crate) fn is_in_place(&self) -> io::Result<bool> {
        self.own.is_at(&self.paths.name)
    }

    /// Puts the server's file back to its name, once. Clients in the backlog of the listener can
    /// still be accepted.
    pub(crate) fn restore(&self) -> StandInEnd {
        let mut ended = self.ended();
        let end = ended.take().unwrap_or_else(|| {
            let paths = self.current_paths();
            let lock = paths.lock();
            if let Err(problem) = &lock {
                tracing::debug!(%problem, "putting the socket file back without the lock");
            }
            self.swap_back(&paths).unwrap_or_else(|problem| StandInEnd::Failed(problem.to_string()))
        });
        *ended = Some(end.clone());
        end
    }

    /// Removes the server's file from aside if it was left there and nobody listens on it any more.
    /// Returns whether it is still there.
    pub(crate) fn clean_up(&self) -> Result<bool, TapProblem> {
        let is_not_ours = self.restore() == StandInEnd::NotOurs;
        let paths = self.current_paths();
        // The folder can have been removed, and cannot be locked then.
        if !is_not_ours || !self.server.is_at(&paths.aside)? {
            return Ok(false);
        }
        let _lock = paths.lock()?;
        if !self.server.is_at(&paths.aside)? {
            return Ok(false);
        }
        if !self.server.is_stale(&paths.aside)? {
            return Ok(true);
        }
        remove_aside(&paths, &self.server, &*self.gate, Step::RemoveStale)?;
        Ok(false)
    }

    /// Returns whether the folder of the files was moved, so that the name does not lead to it.
    pub(crate) fn is_moved(&self) -> bool {
        self.folder.moved_from(&self.paths.name).is_some()
    }

    /// Returns the paths of the files, also after their folder was moved.
    fn current_paths(&self) -> TapPaths {
        let moved = self.folder.moved_from(&self.paths.name);
        match moved.zip(self.paths.name.file_name()) {
            Some((folder, name)) => TapPaths::of_file(folder.join(name)),
            None => self.paths.clone(),
        }
    }

    fn swap_back(&self, paths: &TapPaths) -> Result<StandInEnd, TapProblem> {
        let TapPaths { name, aside } = paths;
        if !self.own.is_at(name)? {
            return Ok(StandInEnd::NotOurs);
        }
        if !self.server.is_at(aside)? {
            self.remove_from_name(paths)?;
            return Ok(StandInEnd::ServerFileGone);
        }
        self.gate.before(Step::SwapBack)?;
        match exchange(aside, name) {
            // The tap's file was removed at this very moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(StandInEnd::NotOurs);
            }
            result => result?,
        }
        if !self.own.is_at(aside)? {
            undo_exchange(paths, &*self.gate, Step::UndoSwapBack)?;
            return Ok(StandInEnd::NotOurs);
        }
        remove_aside(paths, &self.own, &*self.gate, Step::RemoveOwn)?;
        Ok(StandInEnd::ServerBack)
    }

    /// Removes the tap's file from the name. It is moved aside first and examined again, so that no
    /// file of another server is removed.
    fn remove_from_name(&self, paths: &TapPaths) -> Result<(), TapProblem> {
        let TapPaths { name, aside } = paths;
        self.gate.before(Step::RemoveOwn)?;
        move_to_free_path(name, aside)?;
        if self.own.is_at(aside)? {
            remove_aside(paths, &self.own, &*self.gate, Step::RemoveOwn)
        } else {
            self.gate.before(Step::MoveBack)?;
            Ok(move_to_free_path(aside, name)?)
        }
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, Option<StandInEnd>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Exchanges the tap's file, which is aside, and that of the server.
fn swap_in(
    paths: &TapPaths,
    server: &SocketFile,
    own: &SocketFile,
    gate: &dyn StepGate,
) -> Result<(), TapProblem> {
    let TapPaths { name, aside } = paths;
    gate.before(Step::SwapIn)?;
    exchange(aside, name)?;
    if server.is_at(aside)? {
        return Ok(());
    }
    undo_exchange(paths, gate, Step::UndoSwapIn)?;
    // If the tap's file was removed meanwhile, it is nowhere.
    let is_undone = own.is_at(aside)? || !aside.try_exists()?;
    Err(if is_undone { TapProblem::Displaced } else { TapProblem::LeftAside })
}

/// Exchanges the files again. If nothing is at the name any more, the file aside is moved there.
pub(super) fn undo_exchange(
    paths: &TapPaths,
    gate: &dyn StepGate,
    step: Step,
) -> Result<(), TapProblem> {
    gate.before(step)?;
    match exchange(&paths.aside, &paths.name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            gate.before(Step::MoveBack)?;
            Ok(move_to_free_path(&paths.aside, &paths.name)?)
        }
        result => Ok(result?),
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.restore();
    }
}
