/// A family of systems that share the rules for names.
///
/// It is an argument of [`Name::parse_for`](crate::Name::parse_for), so that the
/// rules of every system can be applied and tested on any.
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
    } else if cfg!(any(target_os = "linux", target_os = "android")) {
        Self::Linux
    } else {
        Self::Unix
    };

    /// The longest filesystem name: bytes of a path on Unix, UTF-16 units of a
    /// pipe's whole path on Windows.
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

    /// The longest namespaced name, in the same units; on other Unix systems it
    /// also depends on the folder that it is put into.
    #[must_use]
    pub const fn namespaced_limit(self) -> usize {
        match self {
            Self::Linux => 107,
            Self::Unix => self.path_limit() - "/tmp/".len(),
            Self::Windows => self.path_limit() - r"\\.\pipe\".len(),
        }
    }
}
