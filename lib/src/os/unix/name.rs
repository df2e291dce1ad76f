use super::address::NameAddresses;
use crate::{
    GenericFilePath, GenericNamespaced, Name, NameType, NamespacedNameType, PathNameType, Platform,
    name::{NameKind, check, sealed::Sealed},
};
use std::{
    borrow::Cow,
    ffi::{CStr, OsStr},
    io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
};

/// Socket files at any path.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum FilesystemUdSocket {}

/// Abstract names of Linux and Android (`unix(7)`). They have no file and no permissions, and
/// disappear with the last socket that is bound to them.
#[cfg(linux_like)]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum AbstractNsUdSocket {}

/// Socket files in the user's runtime folder (`$XDG_RUNTIME_DIR`, or `/run/user/UID`), or in the
/// folder for temporary files (`$TMPDIR`, or `/tmp`) if that does not exist. Listening creates
/// missing folders below these.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SpecialDirUdSocket {}

/// The socket files of names.
pub trait NameExt: Sealed {
    /// Returns the paths of the socket files that the name can stand for, the preferred one first:
    /// one for a path, those in the runtime folder and in the folder for temporary files for a
    /// [`SpecialDirUdSocket`], none for an abstract name. The files need not exist.
    ///
    /// # Errors
    /// `InvalidInput` with a [`NameError`](crate::error::NameError) if the paths in all folders are
    /// too long, `Unsupported` for a name of another system.
    fn socket_files(&self) -> io::Result<Vec<Cow<'_, Path>>>;
}

impl Sealed for Name<'_> {}
impl NameExt for Name<'_> {
    fn socket_files(&self) -> io::Result<Vec<Cow<'_, Path>>> {
        match NameAddresses::of(self)? {
            NameAddresses::Abstract(_) => Ok(Vec::new()),
            NameAddresses::Files(files) => Ok(files),
        }
    }
}

macro_rules! name_types {
    ($($type:ty: $trait:ident, $kind:expr;)*) => {$(
        impl Sealed for $type {}
        impl NameType for $type {
            fn is_supported() -> bool {
                true
            }
        }
        impl $trait<OsStr> for $type {
            fn map(text: Cow<'_, OsStr>) -> io::Result<Name<'_>> {
                make($kind, text)
            }
        }
        impl $trait<CStr> for $type {
            fn map(text: Cow<'_, CStr>) -> io::Result<Name<'_>> {
                make($kind, os_str(text))
            }
        }
    )*};
}
name_types! {
    FilesystemUdSocket: PathNameType, NameKind::File;
    SpecialDirUdSocket: NamespacedNameType, NameKind::RuntimeDir;
}
#[cfg(linux_like)]
name_types! {
    AbstractNsUdSocket: NamespacedNameType, NameKind::Abstract;
}

impl PathNameType<CStr> for GenericFilePath {
    fn map(path: Cow<'_, CStr>) -> io::Result<Name<'_>> {
        <Self as PathNameType<OsStr>>::map(os_str(path))
    }
}

impl NamespacedNameType<CStr> for GenericNamespaced {
    fn map(name: Cow<'_, CStr>) -> io::Result<Name<'_>> {
        <Self as NamespacedNameType<OsStr>>::map(os_str(name))
    }
}

fn make(kind: NameKind, text: Cow<'_, OsStr>) -> io::Result<Name<'_>> {
    let name = check(kind, text, Platform::CURRENT, false)?;
    if kind == NameKind::RuntimeDir {
        // Whether the name fits depends on the folders, so it is checked now.
        super::runtime_dir::paths(name.as_os_str())?;
    }
    Ok(name)
}

fn os_str(text: Cow<'_, CStr>) -> Cow<'_, OsStr> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(OsStr::from_bytes(text.to_bytes())),
        Cow::Owned(text) => Cow::Owned(OsStringExt::from_vec(text.into_bytes())),
    }
}

#[cfg(linux_like)]
impl AbstractNsUdSocket {
    /// Returns an abstract name of any bytes, which may contain NULs.
    ///
    /// # Errors
    /// A [`NameError`](crate::error::NameError) for an empty name, or for more than 107 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Name<'_>, crate::error::NameError> {
        check(NameKind::Abstract, Cow::Borrowed(OsStr::from_bytes(bytes)), Platform::Linux, true)
    }
}
