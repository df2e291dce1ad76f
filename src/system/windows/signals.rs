use super::command::Process;
use std::io;

/// The signal number of Ctrl+C, Ctrl+Break and closing the console.
const INTERRUPT: i32 = 2;

/// Exit code of a process that Ctrl+C ends (STATUS_CONTROL_C_EXIT).
const CONTROL_C_EXIT: u32 = 0xC000_013A;

/// Blocks nothing: the system removes the name of a pipe when its process ends.
#[derive(Debug)]
pub(crate) struct BlockedSignals;

impl BlockedSignals {
    pub(crate) fn new() -> Self {
        Self
    }
}

/// Passes termination signals on to a command. There is no value of this type here: no process has
/// to do so.
#[derive(Clone, Debug)]
pub(crate) enum PassedSignals {}

impl PassedSignals {
    /// Returns `None`: there is no process here to which signals do nothing.
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
    pub(crate) fn if_first_process() -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Starts the command.
    pub(crate) fn start<T>(
        &self,
        _: impl FnOnce() -> io::Result<T>,
        _: impl FnOnce(&T) -> &Process,
    ) -> io::Result<T> {
        match *self {}
    }
}

/// Changes nothing: Ctrl+C ends every process.
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn exit_as_first_process() -> io::Result<()> {
    Ok(())
}

/// Changes nothing: the size of files is not limited.
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(crate) fn fail_at_file_limit() -> io::Result<()> {
    Ok(())
}

/// Does nothing: the console has few signals, and all of them ask a process to end.
pub(crate) fn heed_all() {}

/// Calls the function on a new thread for every Ctrl+C, Ctrl+Break, and when the console is closed.
pub(crate) fn on_termination(mut handle: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(move || handle(INTERRUPT)).map_err(io::Error::other)
}

/// Ends the process as Ctrl+C does.
pub(crate) fn die(_: i32) -> ! {
    std::process::exit(CONTROL_C_EXIT.cast_signed())
}
