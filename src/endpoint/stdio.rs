use crate::{
    diag::Failure,
    system::{Input, Output},
};

/// Opens standard input and output.
pub(crate) fn open_stdio() -> Result<(Input, Output), Failure> {
    let input =
        Input::stdin().map_err(|error| Failure::Io { what: "cannot use standard input", error })?;
    let output = Output::stdout()
        .map_err(|error| Failure::Io { what: "cannot use standard output", error })?;
    Ok((input, output))
}
