//! Ctrl+C.

use super::{Cmd, Outcome, Running, Scene};

impl Running {
    /// Interrupts the process and expects that it ends by that.
    #[track_caller]
    pub(crate) fn interrupt(self) -> Outcome {
        self.send_interrupt();
        self.end_by_interrupt()
    }
}

#[cfg(unix)]
impl Cmd {
    /// Lets [`Running::send_interrupt`] reach only this process.
    pub(crate) fn interruptible(self) -> Self {
        self
    }
}

#[cfg(unix)]
impl Running {
    /// Sends SIGINT.
    #[track_caller]
    pub(crate) fn send_interrupt(&self) {
        super::signal(self, rustix::process::Signal::INT);
    }

    /// Waits until the process has ended by SIGINT.
    #[track_caller]
    pub(crate) fn end_by_interrupt(self) -> Outcome {
        self.end().died_of(rustix::process::Signal::INT)
    }
}

#[cfg(windows)]
impl Cmd {
    /// Lets [`Running::send_interrupt`] reach only this process.
    pub(crate) fn interruptible(mut self) -> Self {
        use std::os::windows::process::CommandExt;
        use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;
        self.command.creation_flags(CREATE_NEW_PROCESS_GROUP);
        self
    }
}

#[cfg(windows)]
impl Running {
    /// Sends Ctrl+Break to the process group of the process, which shares the console of the tests.
    /// Ctrl+C cannot be sent to one group (`GenerateConsoleCtrlEvent`); both have one handler.
    #[track_caller]
    pub(crate) fn send_interrupt(&self) {
        use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
        // SAFETY: the function takes no pointers.
        let sent = unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self.pid()) };
        assert_ne!(sent, 0, "{}", std::io::Error::last_os_error());
    }

    /// Waits until the process has ended by it (`STATUS_CONTROL_C_EXIT`).
    #[track_caller]
    pub(crate) fn end_by_interrupt(self) -> Outcome {
        self.end().code(0xC000_013A_u32.cast_signed())
    }
}

impl Scene {
    /// Returns whether processes can be interrupted. Wine 8 has no console without a terminal, and
    /// with one it sends events to no single process group: `GenerateConsoleCtrlEvent` fails with
    /// errors 12 and 6. A test that interrupts is left out there, and says so.
    pub(crate) fn can_interrupt(&self) -> bool {
        let is_wine = cfg!(windows)
            && self.command("reg").args(["query", r"HKCU\Software\Wine"]).run().status.success();
        if is_wine {
            eprintln!("left out: Wine cannot send Ctrl+Break to one process");
        }
        !is_wine
    }
}
