//! Standard input and output (`-`).

use super::{ClientSource, ListenSource};
use crate::{
    diag::Failure,
    system::{Input, ListenSettings, Output},
};
use std::fmt::{self, Display, Formatter};

pub(super) const TEXT: &str = "-";

/// Opens standard input and output.
///
/// # Errors
/// `Io` if one of them is closed, or cannot be used.
pub(crate) fn open_stdio() -> Result<(Input, Output), Failure> {
    let input =
        Input::stdin().map_err(|error| Failure::Io { what: "cannot use standard input", error })?;
    let output = Output::stdout()
        .map_err(|error| Failure::Io { what: "cannot use standard output", error })?;
    Ok((input, output))
}

/// Standard input and output as the only client. An event loop cannot wait for them: a thread joins
/// them to a socket, which the relay opens.
#[derive(Debug)]
pub(super) struct StdioSource;

impl StdioSource {
    /// Checks the options.
    pub(super) fn new(settings: &ListenSettings) -> Result<Self, Failure> {
        let why = "stdin and stdout are the one client";
        let refused = settings.of_files_and_users().chain(settings.of_accepting());
        ListenSettings::refuse(refused, why).map(|()| Self)
    }
}

impl ListenSource for StdioSource {
    fn open(&self) -> Result<ClientSource, Failure> {
        Err(Failure::Usage(format!("{self} cannot be listened on")))
    }

    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "listen on    stdin and stdout, the one client")
    }

    fn kind_text(&self) -> Option<String> {
        None
    }

    fn is_stdio(&self) -> bool {
        true
    }
}

impl Display for StdioSource {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(TEXT)
    }
}
