use super::ClientSource;
use crate::{
    diag::Failure,
    system::{ListenSettings, listening::Allowed},
};
use std::fmt::{self, Debug, Formatter};

/// A checked listening side. Its kinds differ in how they are described and opened.
pub(crate) trait ListenSource: Debug {
    /// Writes the lines of `--explain`.
    fn explain(&self, f: &mut Formatter<'_>, settings: &ListenSettings) -> fmt::Result;

    /// Returns the endpoint as typed; after it is opened, with the port that the system has chosen.
    fn endpoint(&self) -> String;

    /// Returns the kind for the log.
    fn kind(&self) -> String;

    /// Returns the names or addresses to connect to; after it is opened, with the port that the
    /// system has chosen.
    fn addresses(&self) -> Vec<String> {
        vec![self.endpoint()]
    }

    /// Returns the rules for the clients of each socket; `None` for clients without credentials.
    fn allowed(&self) -> Vec<Option<&Allowed>> {
        vec![None]
    }

    /// Returns whether it is a terminal, which is opened by one program after another.
    fn is_terminal(&self) -> bool {
        false
    }

    /// Describes settings that are probably not intended.
    fn warnings(&self, _: &ListenSettings) -> Vec<String> {
        Vec::new()
    }

    /// Starts to listen, in an event loop.
    ///
    /// # Errors
    /// `Bind`, or `Io` if the event loop cannot watch the listener.
    fn open(&mut self) -> Result<ClientSource, Failure>;
}
