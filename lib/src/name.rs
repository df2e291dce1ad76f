//! Names of local sockets: what a listener is bound to and a client connects to.

mod check;
mod convert;
mod display;
mod kind;
mod parse;

pub(crate) use check::check;
pub use convert::{ToFsName, ToNsName};
pub use display::is_plain;
pub(crate) use display::write_escaped;
pub(crate) use kind::sealed;
pub use kind::{GenericFilePath, GenericNamespaced, NameType, NamespacedNameType, PathNameType};

use std::{borrow::Cow, ffi::OsStr};

/// The name of a local socket.
///
/// [`ToFsName`] and [`ToNsName`] create a name from a path or a string, [`Name::parse`] from
/// what a user typed. All of them check the name: it is not empty, not longer than the system
/// allows, and contains no NUL (except abstract names that are given as bytes).
/// [`Display`](std::fmt::Display) prints a name as a user types it.
///
/// ```
/// use local_socket::{prelude::*, GenericFilePath, Name};
/// # #[cfg(unix)]
/// # fn main() -> std::io::Result<()> {
/// let name = "/run/app.sock".to_fs_name::<GenericFilePath>()?;
/// assert_eq!(name, Name::parse("/run/app.sock")?);
/// assert_eq!(name.to_string(), "/run/app.sock");
/// assert!(name.is_path());
/// # Ok(()) }
/// # #[cfg(not(unix))] fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'n> {
    pub(crate) kind: NameKind,
    pub(crate) text: Cow<'n, OsStr>,
}

/// The namespace of a name.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum NameKind {
    /// The text is the path of a Unix socket file.
    File,
    /// The text is an abstract name of Linux, without its leading NUL.
    Abstract,
    /// The text is a path relative to the user's runtime folder.
    RuntimeDir,
    /// The text is the full path of a named pipe.
    Pipe,
}

impl<'n> Name<'n> {
    /// Returns whether the name is namespaced.
    ///
    /// # Platform-specific behaviour
    /// On Windows every name is both namespaced and a path. On Unix other than Linux and
    /// Android a namespaced name is a socket file in the runtime folder.
    #[must_use]
    pub const fn is_namespaced(&self) -> bool {
        !matches!(self.kind, NameKind::File)
    }

    /// Returns whether the name is a path.
    ///
    /// # Platform-specific behaviour
    /// On Windows every name is both namespaced and a path.
    #[must_use]
    pub const fn is_path(&self) -> bool {
        matches!(self.kind, NameKind::File | NameKind::Pipe)
    }

    /// Returns the text of the name: the path of a socket file or pipe, or a namespaced name
    /// without its folder or leading NUL.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        &self.text
    }

    /// Returns the text of the name as bytes, in the encoding of [`OsStr::as_encoded_bytes`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_encoded_bytes()
    }

    /// Returns a name that borrows the text of this one.
    #[must_use]
    pub fn borrow(&self) -> Name<'_> {
        Name { kind: self.kind, text: Cow::Borrowed(&self.text) }
    }

    /// Converts the name into one that owns its text.
    #[must_use]
    pub fn into_owned(self) -> Name<'static> {
        Name { kind: self.kind, text: Cow::Owned(self.text.into_owned()) }
    }

    /// Returns the kind of the name in words: `abstract socket`, `socket file` or `named pipe`.
    #[must_use]
    pub const fn kind_text(&self) -> &'static str {
        match self.kind {
            NameKind::File | NameKind::RuntimeDir => "socket file",
            NameKind::Abstract => "abstract socket",
            NameKind::Pipe => "named pipe",
        }
    }
}
