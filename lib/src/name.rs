//! Names: what a listener stands under and a client connects to.

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
/// A name is checked when it is made: one that exists is not empty, not longer
/// than the system takes, and holds no NUL where none may stand. It is made from
/// text with [`ToFsName`] or [`ToNsName`], or from what a person typed with
/// [`Name::parse`]; [`Display`](std::fmt::Display) gives back what a person would
/// type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'n> {
    pub(crate) kind: NameKind,
    pub(crate) text: Cow<'n, OsStr>,
}

/// Which of a system's namespaces a name is in.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum NameKind {
    /// The text is the path of a Unix socket file.
    File,
    /// The text is an abstract name of Linux, without its leading NUL.
    Abstract,
    /// The text is a path relative to the user's runtime folder.
    RuntimeDir,
    /// The text is the whole path of a named pipe.
    Pipe,
}

impl<'n> Name<'n> {
    /// Whether the name is in a namespace of its own, outside the file system.
    ///
    /// # Platform-specific behaviour
    /// On Windows every name is both namespaced and a path.
    #[must_use]
    pub const fn is_namespaced(&self) -> bool {
        !matches!(self.kind, NameKind::File)
    }

    /// Whether the name is a path.
    ///
    /// # Platform-specific behaviour
    /// On Windows every name is both namespaced and a path.
    #[must_use]
    pub const fn is_path(&self) -> bool {
        matches!(self.kind, NameKind::File | NameKind::Pipe)
    }

    /// The name's text: the path of a socket file or pipe, or the namespaced name
    /// without what the system puts before it.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        &self.text
    }

    /// The name's text as bytes, in the encoding of [`OsStr::as_encoded_bytes`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_encoded_bytes()
    }

    /// The same name, borrowed from this one.
    #[must_use]
    pub fn borrow(&self) -> Name<'_> {
        Name { kind: self.kind, text: Cow::Borrowed(&self.text) }
    }

    /// The same name, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Name<'static> {
        Name { kind: self.kind, text: Cow::Owned(self.text.into_owned()) }
    }

    /// What the name is, in words: `abstract socket`, `socket file`, `named pipe`.
    #[must_use]
    pub const fn kind_text(&self) -> &'static str {
        match self.kind {
            NameKind::File | NameKind::RuntimeDir => "socket file",
            NameKind::Abstract => "abstract socket",
            NameKind::Pipe => "named pipe",
        }
    }
}
