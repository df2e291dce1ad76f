//! Socket addresses of names, and names of socket addresses.

use super::{runtime_dir, temporary_name::replaced_path};
use crate::{
    Name, Platform,
    name::{NameKind, check},
};
use rustix::net::SocketAddrUnix;
use std::{borrow::Cow, ffi::OsStr, io, os::unix::net::SocketAddr, path::Path};

/// The addresses that a name stands for.
#[derive(Debug)]
pub(super) enum NameAddresses<'a> {
    Abstract(&'a [u8]),
    /// The first of these files that can be reached.
    Files(Vec<Cow<'a, Path>>),
}

impl<'a> NameAddresses<'a> {
    /// Returns the target of a name.
    ///
    /// # Errors
    /// `Unsupported` for a name of another system. `InvalidInput` if the paths in all folders for
    /// the name are too long.
    pub(super) fn of(name: &'a Name<'_>) -> io::Result<Self> {
        match name.kind {
            NameKind::File => Ok(Self::Files(vec![Cow::Borrowed(Path::new(&*name.text))])),
            NameKind::Abstract if cfg!(linux_like) => Ok(Self::Abstract(name.as_bytes())),
            NameKind::RuntimeDir => Ok(Self::Files(
                runtime_dir::paths(name.as_os_str())?.into_iter().map(Cow::Owned).collect(),
            )),
            NameKind::Abstract | NameKind::Pipe => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("a {} is not available on this system", name.kind_text()),
            )),
        }
    }

    /// Returns the addresses in the order in which they are tried. After an error that
    /// [allows it](runtime_dir::try_next) the next one is tried.
    pub(super) fn addresses(&self) -> impl Iterator<Item = io::Result<SocketAddrUnix>> {
        let (name, files) = match self {
            Self::Abstract(name) => (Some(abstract_address(name)), &[][..]),
            Self::Files(paths) => (None, &paths[..]),
        };
        name.into_iter().chain(files.iter().map(|path| file_address(path)))
    }
}

/// Returns the address of a file. A path may fill `sun_path` to its last byte, without a terminator
/// (`unix(7)`), which the type of the standard library does not allow.
pub(super) fn file_address(path: &Path) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new(path)?)
}

/// Returns the address of an abstract name.
pub(super) fn abstract_address(name: &[u8]) -> io::Result<SocketAddrUnix> {
    #[cfg(linux_like)]
    return Ok(SocketAddrUnix::new_abstract_name(name)?);
    #[cfg(not(linux_like))]
    {
        let _ = name;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Returns the name of an address, if it has one.
pub(super) fn name_of(address: &SocketAddr) -> Option<Name<'static>> {
    let named = |kind, text: &OsStr| {
        let text = Cow::Owned(text.to_owned());
        check(kind, text, Platform::CURRENT, kind == NameKind::Abstract).ok()
    };
    #[cfg(linux_like)]
    {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt as _;
        if let Some(name) = address.as_abstract_name() {
            return named(NameKind::Abstract, OsStr::from_bytes(name));
        }
    }
    let path = address.as_pathname()?;
    match replaced_path(path) {
        Some(path) => named(NameKind::File, path?.as_os_str()),
        None => named(NameKind::File, path.as_os_str()),
    }
}
