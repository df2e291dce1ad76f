use super::{Name, NameKind, check, check::PIPE_PREFIX};
use crate::Platform;
use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    fmt::Debug,
    io,
};

pub(crate) mod sealed {
    /// A supertrait that other crates cannot implement.
    pub trait Sealed {}
}
use sealed::Sealed;

/// A type of names.
///
/// The types are used as type arguments only; they have no values.
pub trait NameType: Copy + Debug + Eq + Send + Sync + Unpin + Sealed {
    /// Returns whether this system has names of the type.
    fn is_supported() -> bool;
}

/// A type of names that are paths.
pub trait PathNameType<S: ToOwned + ?Sized>: NameType {
    /// Makes a name of a path.
    ///
    /// # Errors
    /// `InvalidInput` if the path is empty, too long, or contains a NUL, and on Windows if a part
    /// of it is empty or ends in a dot or a space. `Unsupported` on Windows if it is not the path
    /// of a named pipe. Both contain a [`NameError`](crate::error::NameError).
    fn map(path: Cow<'_, S>) -> io::Result<Name<'_>>;
}

/// A type of names that are strings in a namespace of their own.
pub trait NamespacedNameType<S: ToOwned + ?Sized>: NameType {
    /// Makes a name of a string.
    ///
    /// # Errors
    /// `InvalidInput` with a [`NameError`](crate::error::NameError) if the string is empty, too
    /// long, or contains a NUL, and on Windows if a part of it (between backslashes or slashes) is
    /// empty or ends in a dot or a space.
    fn map(name: Cow<'_, S>) -> io::Result<Name<'_>>;
}

/// Filesystem paths: a socket file on Unix, a named pipe on Windows.
///
/// # Platform-specific behaviour
/// - Unix: any path, byte for byte.
/// - Windows: `\\.\pipe\NAME`, or `\\HOST\pipe\NAME` to connect to another machine.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum GenericFilePath {}

/// Names in a namespace of their own.
///
/// # Platform-specific behaviour
/// - Linux, Android: an abstract name (`unix(7)`).
/// - Other Unix: a socket file in the user's runtime folder, or, if there is none, in the
///   folder for temporary files.
/// - Windows: the named pipe `\\.\pipe\NAME`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum GenericNamespaced {}

impl Sealed for GenericFilePath {}
impl NameType for GenericFilePath {
    fn is_supported() -> bool {
        true
    }
}
impl PathNameType<OsStr> for GenericFilePath {
    fn map(path: Cow<'_, OsStr>) -> io::Result<Name<'_>> {
        Ok(filesystem(path, Platform::CURRENT)?)
    }
}

impl Sealed for GenericNamespaced {}
impl NameType for GenericNamespaced {
    fn is_supported() -> bool {
        true
    }
}
impl NamespacedNameType<OsStr> for GenericNamespaced {
    fn map(name: Cow<'_, OsStr>) -> io::Result<Name<'_>> {
        Ok(namespaced(name, Platform::CURRENT)?)
    }
}

/// Makes a filesystem name by the rules of a platform.
pub(super) fn filesystem(
    path: Cow<'_, OsStr>,
    platform: Platform,
) -> Result<Name<'_>, crate::error::NameError> {
    let kind = match platform {
        Platform::Linux | Platform::Unix => NameKind::File,
        Platform::Windows => NameKind::Pipe,
    };
    check(kind, path, platform, false)
}

/// Makes a namespaced name by the rules of a platform.
pub(super) fn namespaced(
    word: Cow<'_, OsStr>,
    platform: Platform,
) -> Result<Name<'_>, crate::error::NameError> {
    let (kind, text) = match platform {
        Platform::Linux => (NameKind::Abstract, word),
        Platform::Unix => (NameKind::RuntimeDir, word),
        Platform::Windows => {
            let mut path = OsString::from(PIPE_PREFIX);
            path.push(word);
            (NameKind::Pipe, Cow::Owned(path))
        }
    };
    check(kind, text, platform, false)
}
