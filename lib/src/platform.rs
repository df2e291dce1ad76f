/// A family of systems with the same rules for names.
///
/// [`Name::parse_for`](crate::Name::parse_for) takes it as an argument, so that the rules of
/// each system can be applied and tested on every other.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Linux and Android: socket files and abstract names.
    Linux,
    /// Every other Unix: socket files.
    Unix,
    /// Windows: named pipes.
    Windows,
}

impl Platform {
    /// The platform that this program was built for.
    pub const CURRENT: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(linux_like) {
        Self::Linux
    } else {
        Self::Unix
    };

    /// Returns the maximum length of a filesystem name: of a path in bytes on Unix, of a
    /// pipe's full path in UTF-16 units on Windows.
    ///
    /// Sources: `unix(7)` (108 bytes, all of which may be used), `unix(4)` of the
    /// BSDs and macOS (104), `CreateNamedPipeW` (256 characters).
    #[must_use]
    pub const fn path_limit(self) -> usize {
        match self {
            Self::Linux => 108,
            Self::Unix => 104,
            Self::Windows => 256,
        }
    }

    /// Returns the maximum length of a namespaced name, in the units of
    /// [`path_limit`](Self::path_limit).
    ///
    /// On [`Unix`](Self::Unix) it is the limit in the folder `/tmp`; in a folder with a longer
    /// path fewer bytes are left for the name.
    #[must_use]
    pub const fn namespaced_limit(self) -> usize {
        match self {
            Self::Linux => 107,
            Self::Unix => self.path_limit() - "/tmp/".len(),
            Self::Windows => self.path_limit() - r"\\.\pipe\".len(),
        }
    }
}
