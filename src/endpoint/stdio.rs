//! Standard input and output (`-`).

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

/// Checks the options for standard input and output as the only client.
///
/// # Errors
/// `Unsupported` for options of listeners.
pub(super) fn check(settings: &ListenSettings) -> Result<(), Failure> {
    let refused = settings.of_files_and_users().chain(settings.of_accepting());
    ListenSettings::refuse(refused, "stdin and stdout are the one client")
}
