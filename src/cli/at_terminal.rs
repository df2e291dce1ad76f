use crate::{diag::Failure, system::LeaveKey};
use clap::Args;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "At a terminal")]
pub(crate) struct AtTerminal {
    /// Send every key to the peer, also Ctrl+C, until KEY leaves (Unix).
    ///
    /// Without a value: `^]`. The terminal is in raw mode: what is typed is neither edited nor shown,
    /// and what is received is not changed. KEY is ^ and the letter of a control key, such as ^X, or
    /// none. What was typed before it is sent.
    #[arg(
        long,
        value_name = "KEY",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "^]"
    )]
    pub(crate) raw: Option<LeaveKey>,
}

impl AtTerminal {
    /// Rejects `--raw` beside `--reconnect`.
    ///
    /// # Errors
    /// `Usage`.
    pub(crate) fn check_reconnect(&self) -> Result<(), Failure> {
        if self.raw.is_none() {
            return Ok(());
        }
        Err(Failure::Usage(
            "--raw gives the terminal back when the peer closes, and --reconnect goes on"
                .to_owned(),
        ))
    }

    /// Rejects what does not go with `--raw`.
    ///
    /// # Errors
    /// `Usage` for a command, and for options that use the terminal for something else.
    pub(crate) fn check(
        &self,
        joins_command: bool,
        receives_only: bool,
        shows_progress: bool,
    ) -> Result<(), Failure> {
        if self.raw.is_none() {
            return Ok(());
        }
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if joins_command {
            return usage("--raw joins a terminal to a socket, not to a command");
        }
        if receives_only {
            return usage("--raw sends what is typed, and --recv-only sends nothing");
        }
        if shows_progress {
            return usage("--progress draws a line on the terminal that --raw gives to the peer");
        }
        Ok(())
    }
}
