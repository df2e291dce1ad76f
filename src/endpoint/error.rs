use crate::diag::escaped;
use local_socket::error::NameError;
use std::{
    error::Error,
    ffi::OsStr,
    fmt::{self, Display, Formatter},
};

/// Error of a text that is not an endpoint.
#[derive(Clone, Debug)]
pub(crate) enum EndpointError {
    /// The text has no prefix, and is not a name.
    Name(NameError),
    /// The text has the prefix of another kind.
    Other { text: String, why: &'static str },
}

impl EndpointError {
    pub(super) fn other(text: &OsStr, why: &'static str) -> Self {
        Self::Other { text: text.to_string_lossy().into_owned(), why }
    }
}

impl Display for EndpointError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Other { text, why } => write!(f, "`{}`: {why}", escaped(text)),
        }
    }
}

impl Error for EndpointError {}

impl From<NameError> for EndpointError {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}
