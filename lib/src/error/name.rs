use crate::{Platform, name::write_escaped};
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
    /// A part of a pipe's name, between backslashes or slashes, is empty or ends in a dot or a space.
    /// Windows removes such parts and characters, so the text would name another pipe, or a file
    /// (Windows).
    NotLiteral,
    /// The text after `fs-hex:` or `ns-hex:` is not pairs of hexadecimal digits.
    BadHex,
    /// Names on this system are text and cannot be given as bytes.
    NoBytesHere,
    /// The text has no prefix and a character that a bare word cannot contain.
    BadCharacter {
        /// The first such character.
        character: char,
    },
    /// The text is a bare word without a letter, such as a port number.
    NoLetter,
    /// The text is a bare word that ends like the name of a socket file.
    FileOrWord {
        /// The system by whose rules the text was parsed.
        platform: Platform,
    },
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
        let text = self.text.to_string_lossy();
        match self.problem {
            NameProblem::Empty => f.write_str("invalid name: ")?,
            NameProblem::FileOrWord { .. } => {}
            _ => {
                f.write_str("invalid name `")?;
                write_escaped(f, &text)?;
                f.write_str("`: ")?;
            }
        }
        match self.problem {
            NameProblem::Empty => f.write_str("it is empty"),
            NameProblem::Nul { position } => write!(f, "it holds a NUL at byte {position}"),
            NameProblem::TooLong { length, limit, unit } => {
                write!(f, "it is {length} {unit} long, and at most {limit} fit")
            }
            NameProblem::NotAPipe => {
                f.write_str(r"only \\.\pipe\NAME is a path of a local socket here")
            }
            NameProblem::NotLiteral => f.write_str(
                "Windows reads it as another name: a part of it is empty, or ends in a dot or a space",
            ),
            NameProblem::BadHex => f.write_str("two hexadecimal digits are needed for each byte"),
            NameProblem::NoBytesHere => {
                f.write_str("names cannot be given as bytes on this system")
            }
            NameProblem::BadCharacter { character } => {
                f.write_str("a bare word has only letters, digits, `_`, `-` and `.`, no `")?;
                write_escaped(f, character.encode_utf8(&mut [0; 4]))?;
                f.write_str("`")
            }
            NameProblem::NoLetter => f.write_str("a bare word has at least one letter"),
            NameProblem::FileOrWord { platform } => write_both_forms(f, &text, platform),
        }
    }
}

/// Writes the message for a bare word that ends like a file. Such a word consists of characters
/// that need no escaping.
fn write_both_forms(f: &mut Formatter<'_>, word: &str, platform: Platform) -> fmt::Result {
    let file = match platform {
        Platform::Linux | Platform::Unix => format!("./{word} for a socket file, "),
        Platform::Windows => String::new(),
    };
    let other = match platform {
        Platform::Linux => "an abstract name",
        Platform::Unix => "a file in the runtime folder",
        Platform::Windows => "a named pipe",
    };
    write!(f, "{word} could be a file or a name: write {file}@{word} for {other}")
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
