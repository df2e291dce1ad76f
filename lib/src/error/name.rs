use crate::name::write_escaped;
use std::{
    error::Error,
    ffi::{OsStr, OsString},
    fmt::{self, Display, Formatter},
    io,
};

/// Error of making a [`Name`](crate::Name) of a text.
///
/// As an [`io::Error`] it has the kind `Unsupported` if this system does not have such names,
/// else `InvalidInput`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    text: OsString,
    problem: NameProblem,
}

/// The reason why a text is not a name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameProblem {
    /// The text is empty.
    Empty,
    /// The text contains a NUL.
    Nul {
        /// Index of the first NUL, in bytes.
        position: usize,
    },
    /// The text is longer than the system allows.
    TooLong {
        /// Length of the text.
        length: usize,
        /// Maximum length.
        limit: usize,
        /// Unit of both: `bytes` or `UTF-16 units`.
        unit: &'static str,
    },
    /// The text is a path, but not that of a named pipe (Windows).
    NotAPipe,
    /// The text after `fs-hex:` or `ns-hex:` is not pairs of hexadecimal digits.
    BadHex,
    /// Names on this system are text and cannot be given as bytes.
    NoBytesHere,
}

impl NameError {
    pub(crate) fn new(text: &OsStr, problem: NameProblem) -> Self {
        Self { text: text.to_owned(), problem }
    }

    /// Returns the reason.
    #[must_use]
    pub const fn problem(&self) -> NameProblem {
        self.problem
    }

    /// Returns the text that is not a name.
    #[must_use]
    pub fn text(&self) -> &OsStr {
        &self.text
    }
}

impl Display for NameError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.problem == NameProblem::Empty {
            return f.write_str("invalid name: it is empty");
        }
        f.write_str("invalid name `")?;
        write_escaped(f, &self.text.to_string_lossy())?;
        f.write_str("`: ")?;
        match self.problem {
            NameProblem::Empty => f.write_str("it is empty"),
            NameProblem::Nul { position } => write!(f, "it holds a NUL at byte {position}"),
            NameProblem::TooLong { length, limit, unit } => {
                write!(f, "it is {length} {unit} long, and at most {limit} fit")
            }
            NameProblem::NotAPipe => {
                f.write_str(r"only \\.\pipe\NAME is a path of a local socket here")
            }
            NameProblem::BadHex => f.write_str("two hexadecimal digits are needed for each byte"),
            NameProblem::NoBytesHere => {
                f.write_str("names cannot be given as bytes on this system")
            }
        }
    }
}

impl Error for NameError {}

impl From<NameError> for io::Error {
    /// Converts the error to kind `Unsupported` for `NotAPipe` and `NoBytesHere`, else to
    /// `InvalidInput`.
    fn from(error: NameError) -> Self {
        let kind = match error.problem {
            NameProblem::NotAPipe | NameProblem::NoBytesHere => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
