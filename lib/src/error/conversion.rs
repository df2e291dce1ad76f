use super::raw_os_error;
use std::{
    error::Error,
    fmt::{self, Debug, Display, Formatter},
    io,
};

/// Error of a conversion between handle types. It contains the value that was to be converted,
/// unless the conversion has consumed it.
#[derive(Debug, Default)]
pub struct ConversionError<S, E = NoDetails> {
    /// Details of the failure.
    pub details: E,
    /// The system's error, if there is one.
    pub cause: Option<io::Error>,
    /// The value that was to be converted.
    pub source: Option<S>,
}

/// Details of a [`ConversionError`] that has none.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoDetails;

/// Error of the conversion of a descriptor to a socket type.
#[cfg(unix)]
pub type FromFdError<E = NoDetails> = ConversionError<std::os::fd::OwnedFd, E>;

/// Error of the conversion of a handle to a pipe type.
#[cfg(windows)]
pub type FromHandleError<E = NoDetails> = ConversionError<std::os::windows::io::OwnedHandle, E>;

impl<S, E: Default> ConversionError<S, E> {
    /// Creates an error with a source.
    pub fn from_source(source: S) -> Self {
        Self { source: Some(source), ..Self::empty() }
    }

    /// Creates an error with a cause.
    #[must_use]
    pub fn from_cause(cause: io::Error) -> Self {
        Self { cause: Some(cause), ..Self::empty() }
    }

    /// Creates an error with a source and a cause.
    pub fn from_source_and_cause(source: S, cause: io::Error) -> Self {
        Self { source: Some(source), cause: Some(cause), details: E::default() }
    }

    fn empty() -> Self {
        Self { details: E::default(), cause: None, source: None }
    }
}

impl<S, E> ConversionError<S, E> {
    /// Creates an error with a source and details.
    pub fn from_source_and_details(source: S, details: E) -> Self {
        Self { source: Some(source), details, cause: None }
    }

    /// Creates an error with a cause and details.
    pub fn from_cause_and_details(cause: io::Error, details: E) -> Self {
        Self { cause: Some(cause), details, source: None }
    }

    /// Applies a function to the source.
    pub fn map_source<N>(self, f: impl FnOnce(S) -> N) -> ConversionError<N, E> {
        ConversionError { details: self.details, cause: self.cause, source: self.source.map(f) }
    }

    /// Applies a function to the source and removes the source if the result is `None`.
    pub fn try_map_source<N>(self, f: impl FnOnce(S) -> Option<N>) -> ConversionError<N, E> {
        ConversionError {
            details: self.details,
            cause: self.cause,
            source: self.source.and_then(f),
        }
    }

    /// Converts the error to an I/O error without the source. Its kind is that of the cause, or
    /// `Other` if there is none. [`raw_os_error`] returns the code of the cause.
    pub fn to_io_error(&self) -> io::Error
    where
        E: Display,
    {
        let kind = self.cause.as_ref().map_or(io::ErrorKind::Other, io::Error::kind);
        let cause = self.cause.as_ref().and_then(raw_os_error).map(io::Error::from_raw_os_error);
        io::Error::new(kind, Converted { text: self.to_string(), cause })
    }
}

/// The content of the I/O error that a [`ConversionError`] is converted to.
#[derive(Debug)]
struct Converted {
    text: String,
    cause: Option<io::Error>,
}

impl Display for Converted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Converted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl<S, E: Display> Display for ConversionError<S, E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let details = self.details.to_string();
        match (&self.cause, details.is_empty()) {
            (Some(cause), true) => Display::fmt(cause, f),
            (Some(cause), false) => write!(f, "{details}: {cause}"),
            (None, true) => f.write_str("the conversion failed"),
            (None, false) => f.write_str(&details),
        }
    }
}

impl<S: Debug, E: Error + 'static> Error for ConversionError<S, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl<S, E: Display> From<ConversionError<S, E>> for io::Error {
    fn from(error: ConversionError<S, E>) -> Self {
        error.to_io_error()
    }
}

impl Display for NoDetails {
    fn fmt(&self, _: &mut Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
