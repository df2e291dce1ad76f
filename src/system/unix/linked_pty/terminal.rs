use super::{
    super::{
        accounts::group_id,
        listening::{PRIVATE, uid_of},
    },
    master::Master,
    opening::Opening,
};
use crate::{diag::Failure, system::ListenSettings};
use rustix::fs::{Gid, Mode, Uid, fchmod, fchown};
use std::{io, os::fd::BorrowedFd, path::Path, sync::Arc};

/// An open terminal that programs open one after another.
#[derive(Debug)]
pub(super) struct Terminal {
    pub(super) master: Arc<Master>,
    opening: Opening,
}

/// Who may open a terminal.
#[derive(Debug)]
pub(super) struct TerminalAccess {
    mode: u16,
    owner: Option<u32>,
    group: Option<u32>,
}

impl TerminalAccess {
    /// Looks up the users and groups.
    ///
    /// # Errors
    /// `Usage` if there is no such user or group.
    pub(super) fn new(settings: &ListenSettings) -> Result<Self, Failure> {
        Ok(Self {
            mode: settings.mode.unwrap_or(PRIVATE),
            owner: settings.owner.as_ref().map(uid_of).transpose()?,
            group: settings.group.as_deref().map(group_id).transpose()?,
        })
    }

    /// Sets owner, group and mode. The system has its own defaults for them: on Linux those of the
    /// mount, by which the group tty may write.
    fn apply(&self, slave: BorrowedFd<'_>) -> io::Result<()> {
        if self.owner.is_some() || self.group.is_some() {
            fchown(slave, self.owner.map(Uid::from_raw), self.group.map(Gid::from_raw))?;
        }
        Ok(fchmod(slave, Mode::from_raw_mode(self.mode.into()))?)
    }
}

impl Terminal {
    /// Opens a new terminal, in an event loop.
    pub(super) fn open(access: &TerminalAccess) -> io::Result<Self> {
        let master = Master::open(|slave| access.apply(slave))?;
        let opening = Opening::of(master.path());
        Ok(Self { master: Arc::new(master), opening })
    }

    pub(super) fn path(&self) -> &Path {
        self.master.path()
    }

    /// Waits until a program has the terminal open, or has left bytes in it. Cancel safe.
    pub(super) async fn wait_until_open(&self) -> io::Result<()> {
        let mut was_opened = false;
        while !self.master.is_open()? {
            if was_opened {
                // A program such as stty was too brief to be noticed, but may have changed the modes.
                self.master.make_raw();
            }
            self.opening.maybe().await?;
            was_opened = true;
        }
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    use std::{fs::File, time::Duration};

    /// A program that nobody has noticed leaves a terminal in raw mode to the next one.
    #[test]
    fn the_modes_of_a_brief_program_are_reset() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let access = TerminalAccess::new(&ListenSettings::default()).unwrap();
            let terminal = Terminal::open(&access).unwrap();
            let program = File::open(terminal.path()).unwrap();
            let mut modes = tcgetattr(&program).unwrap();
            modes.local_modes |= LocalModes::ECHO | LocalModes::ICANON;
            tcsetattr(&program, OptionalActions::Now, &modes).unwrap();
            drop(program);
            let is_raw = async {
                while terminal.master.modes().unwrap().contains(LocalModes::ICANON) {
                    tokio::task::yield_now().await;
                }
            };
            let is_raw = tokio::time::timeout(Duration::from_secs(10), is_raw);
            tokio::select! {
                is_raw = is_raw => is_raw.expect("the modes are those of the program"),
                open = terminal.wait_until_open() => panic!("no program has it open: {open:?}"),
            }
        });
    }
}
