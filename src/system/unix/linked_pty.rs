//! Terminals that programs open by a symbolic link, as they open a serial line (`pty:LINK`).

mod input;
mod link;
mod master;
mod opening;
mod session;
mod terminal;

pub(super) use input::TerminalInput;

use self::{
    link::{Leading, TerminalLink},
    session::{Session, SessionEnd},
    terminal::{Terminal, TerminalAccess},
};
use super::{path_facts::unsafe_folder, path_walk::folder_of, socket::Detached};
use crate::{
    diag::Failure,
    system::{ListenSettings, LoopHandle},
};
use std::{
    future::pending,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Mutex as TaskMutex, OwnedMutexGuard};

/// A terminal with a symbolic link. It serves one program after another; each one is a session, which
/// lasts until the last process has closed the terminal, or its peer has ended its direction.
#[derive(Debug)]
pub(crate) struct LinkedPty {
    access: TerminalAccess,
    link: Mutex<TerminalLink>,
    /// Locked during a session. `None` before [`open`](Self::open), and after a terminal that could
    /// not be replaced.
    terminal: Arc<TaskMutex<Option<Terminal>>>,
}

impl LinkedPty {
    /// Returns the terminal, which is not opened yet.
    ///
    /// # Errors
    /// `Usage` for unknown users and groups.
    pub(crate) fn new(link: &Path, settings: &ListenSettings) -> Result<Self, Failure> {
        let access = TerminalAccess::new(settings)?;
        let link = Mutex::new(TerminalLink::new(link, settings.replace));
        Ok(Self { access, link, terminal: Arc::default() })
    }

    /// Opens the terminal and makes the link, in an event loop.
    ///
    /// # Errors
    /// `AlreadyExists` if the path is something else than a link to a terminal, `AddrInUse` if it is
    /// a link to a terminal that is in use, or another error of the system.
    pub(crate) fn open(&self) -> io::Result<()> {
        let terminal = Terminal::open(&self.access)?;
        let mut link = self.link();
        if let Some(why) = unsafe_folder(folder_of(link.path())) {
            tracing::warn!("{why}: they can replace {} by another file", link.path().display());
        }
        link.place(terminal.path())?;
        drop(link);
        // Nobody has a session before it is opened.
        *self.terminal.try_lock().map_err(io::Error::other)? = Some(terminal);
        Ok(())
    }

    /// Waits until a program has the terminal open, or has left bytes in it. Returns a socket that
    /// leads to it. Cancel safe.
    pub(crate) async fn session(self: &Arc<Self>) -> io::Result<Detached> {
        let mut locked = Arc::clone(&self.terminal).lock_owned().await;
        if locked.is_none() {
            *locked = self.replacement()?;
        }
        // Without a link, no program comes.
        let Some(terminal) = &mut *locked else { return pending().await };
        terminal.wait_until_open().await?;
        let (session, peer) = Session::new(Arc::clone(&terminal.master))?;
        LoopHandle::current()?.spawn(Arc::clone(self).carry(session, locked));
        Ok(peer)
    }

    /// Carries the bytes of a session, and prepares the terminal for the next one.
    async fn carry(
        self: Arc<Self>,
        mut session: Session,
        mut locked: OwnedMutexGuard<Option<Terminal>>,
    ) {
        let Some(Terminal { master, .. }) = &*locked else { return };
        let next = match session.carry().await {
            SessionEnd::Closed => match master.reset() {
                Ok(unread) => return session.close(unread > 0),
                Err(error) => {
                    tracing::debug!(%error, "the terminal is replaced");
                    session.close(false);
                    self.replacement()
                }
            },
            SessionEnd::PeerEnded => {
                let has_lost = master.unread().is_some_and(|unread| unread > 0);
                // The link leads to the next terminal before this one hangs up: the program may open it
                // again at once.
                let next = self.replacement();
                session.close(has_lost);
                next
            }
        };
        *locked = next.unwrap_or_else(|error| {
            let link = self.link();
            tracing::warn!("cannot replace the terminal of {}: {error}", link.path().display());
            None
        });
    }

    /// Opens another terminal and has the link lead to it. Returns `None` if the link was removed.
    fn replacement(&self) -> io::Result<Option<Terminal>> {
        let terminal = Terminal::open(&self.access)?;
        Ok(match self.link().lead_to(terminal.path())? {
            Leading::ToTerminal => Some(terminal),
            Leading::Nowhere => None,
        })
    }

    /// Removes the link, if it is still that of this process. No further program comes.
    pub(crate) fn remove_link(&self) {
        self.link().remove();
    }

    fn link(&self) -> MutexGuard<'_, TerminalLink> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LinkedPty {
    fn drop(&mut self) {
        self.remove_link();
    }
}
