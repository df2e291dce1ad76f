//! Standard input and output (`-`).

use super::ListenSource;
use crate::{
    diag::Failure,
    system::{Input, ListenSettings, Output},
};

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

/// Prepares to use standard input and output as the only client. An event loop cannot wait for
/// them: the relay joins them to a socket.
///
/// # Errors
/// `Unsupported` for options of listeners.
pub(super) fn source(settings: &ListenSettings) -> Result<ListenSource, Failure> {
    let refused = settings.of_files_and_users().chain(settings.of_accepting());
    ListenSettings::refuse(refused, "stdin and stdout are the one client")?;
    let explanation = "listen on    stdin and stdout, the one client\n".to_owned();
    let (text, has_one_client) = (TEXT.to_owned(), true);
    Ok(ListenSource { text, explanation, has_one_client, ..ListenSource::default() })
}
