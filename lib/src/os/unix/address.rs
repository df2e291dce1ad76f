use crate::{
    Name,
    name::{NameKind, check},
    os::unix::{aside::replaced_path, runtime_dir, sys},
};
use std::{
    borrow::Cow,
    ffi::OsStr,
    fmt::{self, Debug, Formatter},
    io, mem,
    os::unix::{ffi::OsStrExt, net::SocketAddr},
    path::Path,
    slice,
};

/// A socket address as the system takes it: `sun_path` may be filled to its last
/// byte, without a terminator (`unix(7)`), which std's type does not allow.
#[derive(Copy, Clone)]
pub(super) struct Address {
    pub(super) raw: libc::sockaddr_un,
    pub(super) len: libc::socklen_t,
}

impl Debug for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Where a name leads.
#[derive(Debug)]
pub(super) enum Target<'a> {
    /// An abstract name.
    Abstract(&'a [u8]),
    /// This file.
    File(Cow<'a, Path>),
    /// The first of these files that can be reached.
    Files(Vec<Cow<'a, Path>>),
}

impl<'a> Target<'a> {
    /// Finds where a name leads on this system.
    pub(super) fn of(name: &'a Name<'_>) -> io::Result<Self> {
        match name.kind {
            NameKind::File => Ok(Self::File(Cow::Borrowed(Path::new(&*name.text)))),
            NameKind::Abstract if cfg!(any(target_os = "linux", target_os = "android")) => {
                Ok(Self::Abstract(name.as_bytes()))
            }
            NameKind::RuntimeDir => Ok(Self::Files(
                runtime_dir::paths(name.as_os_str())?.into_iter().map(Cow::Owned).collect(),
            )),
            NameKind::Abstract | NameKind::Pipe => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("a {} is not available on this system", name.kind_text()),
            )),
        }
    }
}

impl Target<'_> {
    /// The files, if it is no abstract name.
    pub(super) fn files(&self) -> &[Cow<'_, Path>] {
        match self {
            Self::Abstract(_) => &[],
            Self::File(path) => slice::from_ref(path),
            Self::Files(paths) => paths,
        }
    }

    /// The addresses, in the order in which they are to be tried; the next one after an
    /// error that says so ([`runtime_dir::try_next`]).
    pub(super) fn addresses(&self) -> impl Iterator<Item = io::Result<Address>> {
        let name = match self {
            Self::Abstract(name) => Some(Address::abstract_name(name)),
            Self::File(_) | Self::Files(_) => None,
        };
        name.into_iter().chain(self.files().iter().map(|path| Address::file(path)))
    }
}

impl Address {
    /// The address of a file.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        Self::new(path.as_os_str().as_bytes(), 0)
    }

    /// The address of an abstract name.
    pub(super) fn abstract_name(name: &[u8]) -> io::Result<Self> {
        Self::new(name, 1)
    }

    /// `sun_path` is `offset` zero bytes and then `bytes`; a terminator is counted
    /// for files where there is room for it.
    fn new(bytes: &[u8], offset: usize) -> io::Result<Self> {
        let mut raw = sys::zeroed_address();
        let room = raw.sun_path.len();
        if bytes.len() + offset > room || bytes.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
        }
        raw.sun_family = libc::AF_UNIX as libc::sa_family_t;
        for (to, from) in raw.sun_path[offset..].iter_mut().zip(bytes) {
            *to = *from as libc::c_char;
        }
        let terminator = usize::from(offset == 0 && bytes.len() < room);
        let used = mem::offset_of!(libc::sockaddr_un, sun_path) + offset + bytes.len() + terminator;
        let len = libc::socklen_t::try_from(used).map_err(|_| io::ErrorKind::InvalidInput)?;
        Ok(Self { raw, len })
    }
}

/// The name of an address, if it has one.
pub(super) fn name_of(address: &SocketAddr) -> Option<Name<'static>> {
    let named = |kind, text: &OsStr| {
        let text = Cow::Owned(text.to_owned());
        check(kind, text, crate::Platform::CURRENT, kind == NameKind::Abstract).ok()
    };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;
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
