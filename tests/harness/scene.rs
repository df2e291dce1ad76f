use super::Cmd;
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// A folder and a name that nobody else has.
pub(crate) struct Scene {
    folder: TempDir,
    word: String,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            folder: tempfile::Builder::new().prefix("lsock").tempdir().unwrap(),
            word: format!("lsock-test-{}-{count}", process::id()),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// A bare word: a name on every system.
    pub(crate) fn word(&self) -> &str {
        &self.word
    }

    /// What is in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = self.folder().read_dir().unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn lsock<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Cmd {
        self.command(env!("CARGO_BIN_EXE_lsock")).args(args)
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Cmd {
        Cmd::new(program, self.folder())
    }

    /// `lsock listen -v NAME ARGS...`
    pub(crate) fn listen<A: AsRef<OsStr>>(
        &self,
        name: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Cmd {
        self.lsock(["listen", "-v", name]).args(args)
    }

    /// `lsock connect NAME ARGS...`
    pub(crate) fn connect<A: AsRef<OsStr>>(
        &self,
        name: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Cmd {
        self.lsock(["connect", name]).args(args)
    }

    /// `lsock relay -v LISTEN ARGS...`
    pub(crate) fn relay<A: AsRef<OsStr>>(
        &self,
        listen: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Cmd {
        self.lsock(["relay", "-v", listen]).args(args)
    }
}
