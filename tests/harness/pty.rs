//! Pseudo-terminals, at which a test types.

use super::{Cmd, Collected, Scene, becomes};
use rustix::{
    fs::{Mode, OFlags},
    process::{ioctl_tiocsctty, setsid},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use std::{
    fs::File,
    io::Write,
    os::{fd::BorrowedFd, unix::process::CommandExt},
};

/// A terminal and its screen.
pub(crate) struct Pty {
    keyboard: File,
    /// Keeps the screen, also when no process has the terminal.
    slave: File,
    pub(crate) screen: Collected,
}

impl Pty {
    #[track_caller]
    pub(crate) fn open() -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&path, flags, Mode::empty()).unwrap();
        let keyboard = File::from(master);
        let screen = Collected::from(keyboard.try_clone().unwrap());
        Self { keyboard, slave: slave.into(), screen }
    }

    #[track_caller]
    pub(crate) fn type_keys(&self, keys: impl AsRef<[u8]>) {
        (&self.keyboard).write_all(keys.as_ref()).unwrap();
    }

    /// Changes settings, as arguments of stty(1).
    #[track_caller]
    pub(crate) fn set(&self, scene: &Scene, settings: &[&str]) {
        let stty = scene.command("stty").args(settings).stdin(self.slave.try_clone().unwrap());
        stty.run().ok();
    }

    /// Returns the settings as stty(1) prints them.
    #[track_caller]
    pub(crate) fn settings(&self, scene: &Scene) -> String {
        let stty = scene.command("stty").arg("-a").stdin(self.slave.try_clone().unwrap());
        stty.run().ok().stdout_text().to_owned()
    }

    /// Returns whether the terminal has raw mode: Ctrl+C is a key. A shell that reads a line only turns
    /// off the editing by the system.
    pub(crate) fn is_raw(&self) -> bool {
        !tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ISIG)
    }

    #[track_caller]
    pub(crate) fn wait_for_raw_mode(&self, is_raw: bool) {
        let is_so = becomes(|| self.is_raw() == is_raw);
        assert!(is_so, "not in raw mode {is_raw}:\n{:?}", self.shown());
    }

    /// Changes the size; the foreground processes get `SIGWINCH`.
    #[track_caller]
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.slave, size).unwrap();
    }

    /// Returns what was shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.screen.so_far()).into_owned()
    }

    /// Waits until the text is shown.
    #[track_caller]
    pub(crate) fn wait_for_screen(&self, text: &str) {
        assert!(becomes(|| self.shown().contains(text)), "no `{text}` in:\n{:?}", self.shown());
    }

    /// Waits until the text is shown as often.
    #[track_caller]
    pub(crate) fn wait_for_screens(&self, text: &str, count: usize) {
        let is_shown = becomes(|| self.shown().matches(text).count() >= count);
        assert!(is_shown, "no {count} `{text}` in:\n{:?}", self.shown());
    }
}

impl Cmd {
    /// Starts the process as the first one of a session whose terminal is its input and output. Its
    /// messages are collected.
    pub(crate) fn at(self, pty: &Pty) -> Self {
        let stdout = pty.slave.try_clone().unwrap();
        self.at_with_output(pty, stdout)
    }

    /// As [`at`](Self::at), with another output.
    pub(crate) fn at_with_output(self, pty: &Pty, stdout: File) -> Self {
        let mut cmd = self.stdin(pty.slave.try_clone().unwrap()).stdout(stdout);
        let take_terminal = || {
            setsid()?;
            // SAFETY: standard input is open.
            ioctl_tiocsctty(unsafe { BorrowedFd::borrow_raw(0) })?;
            Ok(())
        };
        // SAFETY: the function makes system calls only.
        unsafe { cmd.command.pre_exec(take_terminal) };
        cmd
    }
}

impl Scene {
    /// An interactive shell, whose messages are on the terminal too. It finds `lsock`.
    pub(crate) fn bash_at(&self, pty: &Pty) -> Cmd {
        let folder = std::path::Path::new(env!("CARGO_BIN_EXE_lsock")).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let start = "exec bash --noprofile --norc -i 2>&0";
        self.command("sh").args(["-c", start]).env("PATH", path).env("PS1", "READY> ").at(pty)
    }
}
