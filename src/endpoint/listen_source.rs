use super::ClientSource;
use crate::{diag::Failure, system::listening::Allowed};
use std::{
    cell::OnceCell,
    fmt::{self, Debug, Display, Formatter},
    rc::Rc,
};

/// Starts to listen, in an event loop.
pub(crate) type Opener = Box<dyn FnOnce() -> Result<ClientSource, Failure>>;

/// A checked listening side of any kind.
#[derive(Default)]
pub(crate) struct ListenSource {
    /// The endpoint as typed.
    pub(super) text: String,
    /// The endpoint with the port that the system has chosen, after it is opened.
    pub(super) opened: Rc<OnceCell<String>>,
    /// The kind for the log; `None` if nothing listens.
    pub(crate) kind: Option<String>,
    /// The lines of `--explain`.
    pub(crate) explanation: String,
    /// The rules for clients of a local socket; `None` for clients without credentials.
    pub(crate) allowed: Option<Allowed>,
    /// The address that commands get, if it is not the endpoint as typed.
    pub(super) address: Option<String>,
    /// Descriptions of settings that are probably not intended.
    pub(crate) warnings: Vec<String>,
    /// Whether this source has only one client.
    pub(crate) has_one_client: bool,
    /// `None` if standard input and output are the only client.
    pub(crate) opener: Option<Opener>,
}

impl ListenSource {
    /// Returns the address that commands get.
    pub(crate) fn address(&self) -> String {
        self.address.clone().unwrap_or_else(|| self.to_string())
    }

    /// Returns whether standard input and output are the only client.
    pub(crate) fn is_stdio(&self) -> bool {
        self.kind.is_none()
    }
}

impl Display for ListenSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.opened.get().unwrap_or(&self.text))
    }
}

impl Debug for ListenSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListenSource").field(&self.text).finish_non_exhaustive()
    }
}
