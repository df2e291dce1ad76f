use super::{AtTerminal, Transfer};
use crate::diag::Failure;
use clap::Args;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connecting")]
pub(crate) struct Reconnecting {
    /// When the server ends or is replaced, connect again and go on.
    ///
    /// For `connect` with --send-only or --recv-only, and for `relay` with - as LISTEN. --wait limits
    /// the time until the next server listens; without it there is no limit. What the old server has
    /// not taken is sent to the next one; what it took and did not read is lost, and reported.
    #[arg(long)]
    pub(crate) reconnect: bool,
}

impl Reconnecting {
    /// Rejects what does not go with `--reconnect` in `connect`.
    ///
    /// # Errors
    /// `Usage`.
    pub(crate) fn check_connect(
        &self,
        transfer: &Transfer,
        at_terminal: &AtTerminal,
        joins_command: bool,
        passes_connection: bool,
    ) -> Result<(), Failure> {
        if !self.reconnect {
            return Ok(());
        }
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if joins_command {
            return usage("--reconnect goes with stdin and stdout: a command has one connection");
        }
        if passes_connection {
            return usage(
                "--pass-connection ends when it has passed the connection: no other follows",
            );
        }
        at_terminal.check_reconnect()?;
        if !transfer.send_only && !transfer.recv_only {
            return usage(
                "--reconnect goes with --send-only or --recv-only; for both directions, \
                 `lsock relay - NAME --reconnect` joins stdin and stdout to one server after another",
            );
        }
        Ok(())
    }

    /// Rejects what does not go with `--reconnect` in `relay`: `is_stdio` is whether the standard
    /// streams are the client, `is_local` whether the target is a local socket.
    ///
    /// # Errors
    /// `Usage`.
    pub(crate) fn check_relay(
        &self,
        at_terminal: &AtTerminal,
        is_stdio: bool,
        is_local: bool,
    ) -> Result<(), Failure> {
        if !self.reconnect {
            return Ok(());
        }
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if !is_local {
            return usage(
                "--reconnect goes with a local socket as the target: elsewhere it is not known what a \
                 server that has ended did not read",
            );
        }
        if !is_stdio {
            return usage(
                "--reconnect goes with - as LISTEN: other clients connect again themselves",
            );
        }
        at_terminal.check_reconnect()
    }
}
