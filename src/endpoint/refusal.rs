use super::foreign::{self, ForeignAddress, Meaning};
use crate::diag::escaped;
use local_socket::{Platform, error::NameError};
use std::{
    error::Error,
    ffi::OsStr,
    fmt::{self, Display, Formatter},
};

/// Error of a text that is no endpoint, or none of the kinds that are possible in its place.
#[derive(Clone, Debug)]
pub(crate) struct NotAnEndpoint {
    message: String,
    reason: RefusalReason,
}

/// Why a text is refused.
#[derive(Clone, Debug)]
pub(crate) enum RefusalReason {
    /// It is not a name.
    Name(NameError),
    /// It is the address of another program, or of another command of lsock.
    Foreign(ForeignAddress),
    /// It has the prefix of a kind of endpoint, and the message says what is wrong.
    Kind,
}

impl NotAnEndpoint {
    pub(super) fn new(message: String, reason: RefusalReason) -> Self {
        Self { message, reason }
    }

    /// Returns the error for an address of another program.
    pub(super) fn of_foreign(text: &OsStr) -> Option<Self> {
        let text = text.to_str()?;
        let address = foreign::recognise(text, Platform::CURRENT)?;
        let what = match (&address.meaning, address.meaning.endpoint()) {
            (Meaning::Absent { what, .. }, _) => format!("lsock has no {what}"),
            (Meaning::Advice { why, .. }, _) => (*why).to_owned(),
            (_, endpoint) => format!("in lsock this is {}", escaped(&endpoint.unwrap_or_default())),
        };
        let message = format!("`{}`: {what}", escaped(text));
        Some(Self::new(message, RefusalReason::Foreign(address)))
    }

    pub(crate) fn reason(&self) -> &RefusalReason {
        &self.reason
    }
}

impl From<NameError> for NotAnEndpoint {
    fn from(error: NameError) -> Self {
        Self::new(error.to_string(), RefusalReason::Name(error))
    }
}

impl Display for NotAnEndpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for NotAnEndpoint {}
