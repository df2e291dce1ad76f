use super::ClientSource;
use crate::{diag::Failure, system::listening::Allowed};
use std::fmt::{self, Debug, Display, Formatter};

/// A checked listening side that can be opened. It is displayed as typed; after it is opened, with
/// the port that the system has chosen.
pub(crate) trait ListenSource: Debug + Display {
    /// Starts to listen, in an event loop.
    ///
    /// # Errors
    /// `Bind`, `Io`, or `Usage` if the source can be opened only once.
    fn open(&self) -> Result<ClientSource, Failure>;

    /// Writes the lines of `--explain`.
    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result;

    /// Returns the kind for the log; `None` if nothing listens.
    fn kind_text(&self) -> Option<String>;

    /// Returns the rules for clients of a local socket; `None` for clients without credentials.
    fn allowed(&self) -> Option<&Allowed> {
        None
    }

    /// Returns the address that commands get.
    fn address(&self) -> String {
        self.to_string()
    }

    /// Returns whether standard input and output are the only client.
    fn is_stdio(&self) -> bool {
        false
    }

    /// Warns of settings that are probably not intended.
    fn warn(&self) {}
}
