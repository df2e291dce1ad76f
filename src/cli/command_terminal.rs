use crate::{diag::Failure, transfer::CopyMode};
use clap::Args;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "At a terminal")]
pub(crate) struct CommandTerminal {
    /// Give each command a terminal of its own (Unix).
    ///
    /// It is a pseudo-terminal, the standard error of the command too, and the controlling terminal
    /// of a new session. Its size is that of the terminal of this lsock, and follows it; without
    /// one it is 80x24. It hangs up when the peer has closed both directions.
    #[arg(long, display_order = 200)]
    pub(crate) pty: bool,
}

impl CommandTerminal {
    /// Rejects what does not go with `--pty`.
    ///
    /// # Errors
    /// `Usage` without a command, and for options that move bytes without a terminal between.
    pub(crate) fn check(
        &self,
        joins_command: bool,
        copy: CopyMode,
        passes_descriptors: bool,
    ) -> Result<(), Failure> {
        if !self.pty {
            return Ok(());
        }
        let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
        if !joins_command {
            return usage("--pty gives a terminal to a command: one must follow --");
        }
        if copy == CopyMode::Splice {
            return usage("--copy splice joins sockets, and --pty puts a terminal between");
        }
        if passes_descriptors {
            return usage(
                "--pass-fds takes sockets, and descriptors cannot pass a terminal (--pty)",
            );
        }
        Ok(())
    }
}
