use crate::diag::escaped;
use local_socket::error::NameError;
use std::{
    error::Error,
    fmt::{self, Display, Formatter},
};

/// Why a text is no endpoint.
#[derive(Clone, Debug)]
pub(crate) enum EndpointError {
    /// It would be a name, and is none.
    Name(NameError),
    /// It begins like another endpoint, and something is wrong with the rest.
    Other { text: String, why: &'static str },
}

impl EndpointError {
    pub(super) fn other(text: &str, why: &'static str) -> Self {
        Self::Other { text: text.to_owned(), why }
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
