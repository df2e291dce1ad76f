//! What an earlier tap has left behind.

use super::{
    Step, StepGate, TapPaths,
    problem::{TapProblem, state_of},
    stand_in::undo_exchange,
};
use crate::system::socket_file::{
    SocketFile, SocketState, exchange, have_same_permissions, move_to_free_path,
};
use std::{
    fmt::{self, Display, Formatter},
    fs, io,
};

/// A socket file aside of a name.
#[derive(Debug)]
pub(crate) enum Leftover {
    /// The socket file of a live server: a tap was killed while it served. Nobody listens at the name.
    Server(SocketFile),
    /// A stale file: a tap was killed while it started or ended, or its server has ended.
    Stale(SocketFile),
    /// The file at the name, if sockets are open at the name and aside: a tap is running.
    Running(SocketFile),
}

impl Leftover {
    /// Examines the two paths. Changes nothing.
    ///
    /// # Errors
    /// [`TapProblem`] if what is aside is no socket, if it cannot be found out whether somebody
    /// listens, or if the file aside must not come to the name.
    pub(crate) fn find(paths: &TapPaths) -> Result<Option<Self>, TapProblem> {
        let aside = match SocketFile::at_path(&paths.aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Err(TapProblem::InTheWay(error.to_string()));
            }
            file => file.map_err(|error| TapProblem::no_way(&paths.name, error))?,
        };
        if state_of(&aside, &paths.aside)? == SocketState::Closed {
            return Ok(Some(Self::Stale(aside)));
        }
        let file = match SocketFile::at_path(&paths.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Some(Self::Server(aside)));
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Err(TapProblem::NotASocket(error.to_string()));
            }
            file => file?,
        };
        match state_of(&file, &paths.name)? {
            SocketState::Closed if have_same_permissions(&file, &aside) => {
                Ok(Some(Self::Server(aside)))
            }
            SocketState::Closed => Err(TapProblem::ForeignAside),
            _ => Ok(Some(Self::Running(file))),
        }
    }

    /// Puts right what was left behind. The lock of the folder must be held.
    ///
    /// # Errors
    /// `AlreadyTapped` if a tap is running, or an error of `rename(2)` or `unlink(2)`.
    pub(super) fn put_right(
        self,
        paths: &TapPaths,
        gate: &dyn StepGate,
    ) -> Result<Restored, TapProblem> {
        match self {
            Self::Running(file) => Err(TapProblem::AlreadyTapped(file.holder())),
            Self::Stale(file) => {
                remove_aside(paths, &file, gate, Step::RemoveStale)?;
                Ok(Restored::StaleRemoved)
            }
            Self::Server(server) => {
                gate.before(Step::SwapBack)?;
                match exchange(&paths.aside, &paths.name) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        gate.before(Step::MoveBack)?;
                        move_to_free_path(&paths.aside, &paths.name)?;
                        return Ok(Restored::ServerBack);
                    }
                    result => result?,
                }
                // The dead tap's file.
                let removed =
                    SocketFile::at_path(&paths.aside).map_err(TapProblem::from).and_then(|file| {
                        match file.is_stale(&paths.aside)? {
                            true => remove_aside(paths, &file, gate, Step::RemoveOwn),
                            false => Err(TapProblem::Displaced),
                        }
                    });
                if removed.is_err() && server.is_at(&paths.name)? {
                    // A server without the lock has come to the name at this very moment.
                    undo_exchange(paths, gate, Step::UndoSwapBack)?;
                }
                removed.map(|()| Restored::ServerBack)
            }
        }
    }
}

/// Removes exactly this file from aside, if it is still there.
pub(super) fn remove_aside(
    paths: &TapPaths,
    file: &SocketFile,
    gate: &dyn StepGate,
    step: Step,
) -> Result<(), TapProblem> {
    if !file.is_at(&paths.aside)? {
        return Ok(());
    }
    gate.before(step)?;
    match fs::remove_file(&paths.aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Finds what [`restore`] would put right. Changes nothing.
///
/// # Errors
/// As [`restore`].
pub(crate) fn check_restore(paths: &TapPaths) -> Result<Option<Leftover>, TapProblem> {
    match Leftover::find(paths)? {
        Some(Leftover::Running(file)) => Err(TapProblem::AlreadyTapped(file.holder())),
        leftover => Ok(leftover),
    }
}

/// What [`restore`] has done.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Restored {
    /// The server's socket file is at its name again.
    ServerBack,
    /// A stale file was removed from aside.
    StaleRemoved,
}

/// Puts right what an earlier tap has left behind. Returns `None` if that is nothing.
///
/// # Errors
/// `AlreadyTapped` if a tap is running, and those of [`Leftover::find`].
pub(crate) fn restore(
    paths: &TapPaths,
    gate: &dyn StepGate,
) -> Result<Option<Restored>, TapProblem> {
    let _lock = paths.lock()?;
    restore_locked(paths, gate)
}

/// Does the same while the lock is held.
pub(super) fn restore_locked(
    paths: &TapPaths,
    gate: &dyn StepGate,
) -> Result<Option<Restored>, TapProblem> {
    Leftover::find(paths)?.map(|leftover| leftover.put_right(paths, gate)).transpose()
}

/// Describes what is aside, for `--explain`.
impl Display for Leftover {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(_) => {
                f.write_str("the socket file of the server, by a tap that was killed")
            }
            Self::Stale(_) => f.write_str("a stale file"),
            Self::Running(file) => write!(f, "nothing: a tap is running, {}", file.holder()),
        }
    }
}
