use super::{Name, NameKind, check, check::PIPE_PREFIX};
use crate::Platform;
use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    fmt::Debug,
    io,
};

pub(crate) mod sealed {
    /// Keeps traits from being implemented outside this crate.
    pub trait Sealed {}
}
use sealed::Sealed;

/// A way to make names of text.
pub trait NameType: Copy + Debug + Eq + Send + Sync + Unpin + Sealed {
    /// Whether this system has such names.
    fn is_supported() -> bool;
}

/// A way to make names of paths.
pub trait PathNameType<S: ToOwned + ?Sized>: NameType {
    /// Makes a name of a path.
    ///
    /// # Errors
    /// `InvalidInput` where the path is empty, too long or holds a NUL;
    /// `Unsupported` where it is nothing that a local socket can stand under here.
    fn map(path: Cow<'_, S>) -> io::Result<Name<'_>>;
}

/// A way to make names of words in a namespace of their own.
pub trait NamespacedNameType<S: ToOwned + ?Sized>: NameType {
    /// Makes a name of a word.
    ///
    /// # Errors
    /// `InvalidInput` where the word is empty, too long or holds a NUL.
    fn map(name: Cow<'_, S>) -> io::Result<Name<'_>>;
}

/// Filesystem paths: a socket file on Unix, a named pipe on Windows.
///
/// # Platform-specific behaviour
/// - Unix: any path, byte for byte.
/// - Windows: `\\.\pipe\NAME`, or `\\HOST\pipe\NAME` to connect to another machine;
///   anything else is `Unsupported`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum GenericFilePath {}

/// Words in a namespace of their own.
///
/// # Platform-specific behaviour
/// - Linux, Android: an abstract name (`unix(7)`).
/// - Other Unix: a socket file in the user's runtime folder, or else in the
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

/// The name that a path makes on a platform.
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

/// The name that a word makes on a platform.
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
