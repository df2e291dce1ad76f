//! Ctrl+C.

#[cfg(unix)]
use super::Cmd;
use super::{Outcome, Running};

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
pub(super) use console::run_as_sender;

/// Events of consoles. Ctrl+C reaches all processes of a console, and only those of one: the
/// processes to interrupt have consoles of their own, and another process sends the event there.
#[cfg(windows)]
mod console {
    use super::super::{Cmd, Outcome, Running, running::spawn, wine_lacks, within_the_deadline};
    use std::{
        env, io,
        os::windows::process::CommandExt,
        process::{Command, Stdio},
    };
    use windows_sys::Win32::System::{
        Console::{
            AttachConsole, CTRL_C_EVENT, FreeConsole, GenerateConsoleCtrlEvent,
            SetConsoleCtrlHandler,
        },
        Threading::CREATE_NO_WINDOW,
    };

    /// Variable with the number of the process whose console gets the event.
    const RECEIVER: &str = "LSOCK_TEST_INTERRUPTED";

    impl Cmd {
        /// Gives the process a console of its own, so that [`Running::send_interrupt`] reaches only
        /// this process.
        pub(crate) fn interruptible(mut self) -> Self {
            self.command.creation_flags(CREATE_NO_WINDOW);
            self
        }
    }

    impl Running {
        /// Sends Ctrl+C to the console of the process.
        #[track_caller]
        pub(crate) fn send_interrupt(&self) {
            let mut command = Command::new(env::current_exe().unwrap());
            command.args(["--exact", "harness::run_as_sender"]);
            command.env(RECEIVER, self.pid().to_string());
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let sender = spawn(&mut command).unwrap();
            let output = within_the_deadline(|| sender.wait_with_output()).unwrap().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }

        /// Waits until the process has ended by it (`STATUS_CONTROL_C_EXIT`).
        #[track_caller]
        pub(crate) fn end_by_interrupt(self) -> Outcome {
            const STATUS_CONTROL_C_EXIT: i32 = 0xC000_013A_u32.cast_signed();
            let outcome = self.end();
            // Wine ends a process without a handler of its own with 0.
            if outcome.status.code() == Some(0)
                && wine_lacks("the status of a process that the default handler ends")
            {
                return outcome;
            }
            outcome.code(STATUS_CONTROL_C_EXIT)
        }
    }

    /// Sends the event, if the variable is set.
    pub(crate) fn run_as_sender() {
        let Ok(receiver) = env::var(RECEIVER) else { return };
        let receiver = receiver.parse().unwrap();
        let check = |ok: i32| assert_ne!(ok, 0, "{}", io::Error::last_os_error());
        // SAFETY: the functions take numbers and a null pointer.
        unsafe {
            // It fails if this process has no console.
            FreeConsole();
            check(AttachConsole(receiver));
            // This process gets the event as well, and ignores it.
            check(SetConsoleCtrlHandler(None, 1));
            check(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0));
        }
    }
}
