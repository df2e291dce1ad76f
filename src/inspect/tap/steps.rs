use std::{fmt::Debug, io};

/// A change that a tap makes to the folder of a socket file.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The tap's socket file is created aside.
    Listen,
    /// The tap's file comes to the name, and the server's goes aside.
    SwapIn,
    /// The files are exchanged again, because the file that went aside was another one.
    UndoSwapIn,
    /// The server's file comes back to the name.
    SwapBack,
    /// The files are exchanged again, because the file that went aside was not the tap's.
    UndoSwapBack,
    /// The tap's file is removed, or moved out of the way of its removal.
    RemoveOwn,
    /// A stale file aside is removed.
    RemoveStale,
    /// The file aside comes to the name, where nothing is.
    MoveBack,
}

/// Decides before each step whether it is done. Tests let a tap be killed at a step, fail with a full
/// disk, or be disturbed by another process.
pub(crate) trait StepGate: Debug + Send + Sync {
    /// Returns an error if the step must not be done.
    fn before(&self, step: Step) -> io::Result<()>;
}

/// Lets all steps be done.
#[derive(Debug)]
pub(crate) struct AllSteps;

impl StepGate for AllSteps {
    fn before(&self, step: Step) -> io::Result<()> {
        tracing::debug!(?step, "tap");
        Ok(())
    }
}
