use crate::name::write_escaped;
use std::{
    error::Error,
    ffi::{OsStr, OsString},
    fmt::{self, Display, Formatter},
    io,
};

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    text: OsString,
    problem: NameProblem,
}

/// What is wrong with a text that should have been a name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameProblem {
    /// There is nothing in it.
    Empty,
    /// It holds a NUL.
    Nul {
        /// The place of the first one, in bytes.
        position: usize,
    },
    /// It is longer than the system takes.
    TooLong {
        /// Its length.
        length: usize,
        /// The longest that the system takes.
        limit: usize,
        /// What both are counted in.
        unit: &'static str,
    },
    /// On Windows: it is a path, but not one of a named pipe.
    NotAPipe,
    /// It is an endpoint of another kind than a local socket.
    OtherEndpoint {
        /// How endpoints of that kind begin.
        scheme: &'static str,
    },
    /// What should be hexadecimal digits, two for each byte, is not.
    BadHex,
    /// Names on this system are text and cannot be given as bytes.
    NoBytesHere,
}

impl NameError {
    pub(crate) fn new(text: &OsStr, problem: NameProblem) -> Self {
        Self { text: text.to_owned(), problem }
    }

    /// What is wrong.
    #[must_use]
    pub const fn problem(&self) -> NameProblem {
        self.problem
    }

    /// The text that is not a name.
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
            NameProblem::OtherEndpoint { scheme: "-" } => {
                f.write_str("that is standard input and output, not a local socket")
            }
            NameProblem::OtherEndpoint { scheme } => {
                write!(f, "`{scheme}` is the beginning of an endpoint that is no local socket")
            }
            NameProblem::BadHex => f.write_str("two hexadecimal digits are needed for each byte"),
            NameProblem::NoBytesHere => {
                f.write_str("names of bytes are not available on this system")
            }
        }
    }
}

impl Error for NameError {}

impl From<NameError> for io::Error {
    /// `Unsupported` where this system cannot have such a name, else `InvalidInput`.
    fn from(error: NameError) -> Self {
        let kind = match error.problem {
            NameProblem::NotAPipe | NameProblem::NoBytesHere => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
