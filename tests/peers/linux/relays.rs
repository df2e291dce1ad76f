//! The relays that are compared: how each is started.

use super::{programs, roles::role};
use anyhow::{Context as _, Result};
use std::{path::Path, process::Command};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relay {
    /// No relay: the client connects to the server itself.
    Direct,
    /// The bare event loop, which copies through a buffer.
    Epoll,
    /// The bare event loop, which splices through kernel pipes.
    Splice,
    Lsock,
    /// A process for each connection.
    Socat,
    /// `systemd-socket-proxyd`, started by `systemd-socket-activate` at the first connection.
    Proxyd,
}

impl Relay {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Epoll => "a bare epoll relay",
            Self::Splice => "a bare splice relay",
            Self::Lsock => "lsock relay",
            Self::Socat => "socat (fork)",
            Self::Proxyd => "systemd-socket-proxyd",
        }
    }

    pub(super) fn is_installed(self) -> bool {
        match self {
            Self::Direct | Self::Epoll | Self::Splice | Self::Lsock => true,
            Self::Socat => programs::find("socat").is_some(),
            Self::Proxyd => programs::find(PROXYD).is_some() && programs::find(ACTIVATE).is_some(),
        }
    }

    /// `None` if there is nothing to start.
    pub(super) fn command(self, listen: &Path, target: &Path) -> Result<Option<Command>> {
        let mut command = match self {
            Self::Direct => return Ok(None),
            Self::Epoll => role("epoll-relay")?,
            Self::Splice => role("splice-relay")?,
            Self::Lsock => {
                let mut command = programs::lsock();
                command.arg("relay");
                command
            }
            Self::Socat => {
                let mut command = Command::new("socat");
                command.arg(format!("UNIX-LISTEN:{},fork", listen.display()));
                command.arg(format!("UNIX-CONNECT:{}", target.display()));
                return Ok(Some(command));
            }
            Self::Proxyd => {
                let mut command = Command::new(ACTIVATE);
                command.arg("-l").arg(listen);
                command.arg(programs::find(PROXYD).context("no systemd-socket-proxyd")?);
                // Its default is 256.
                command.args(["-c", "20000"]).arg(target);
                return Ok(Some(command));
            }
        };
        command.arg(listen).arg(target);
        Ok(Some(command))
    }
}

const PROXYD: &str = "systemd-socket-proxyd";
const ACTIVATE: &str = "systemd-socket-activate";
