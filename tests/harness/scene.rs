use super::{Cmd, outcome::Journal, wait_until};
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// A folder and a word that no other test uses. If the test fails, the processes that ended
/// last are reported.
pub(crate) struct Scene {
    folder: TempDir,
    word: String,
    journal: Journal,
}

impl Scene {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            folder: tempfile::Builder::new().prefix("lsock").tempdir().unwrap(),
            word: format!("lsock-test-{}-{count}", process::id()),
            journal: Journal::default(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Returns a bare word, which is a valid name on every system.
    pub(crate) fn word(&self) -> &str {
        &self.word
    }

    /// Returns a second bare word.
    pub(crate) fn other_word(&self) -> String {
        format!("{}-b", self.word)
    }

    /// Returns the names of the files in the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = self.folder().read_dir().unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Fails unless the folder is empty.
    #[track_caller]
    pub(crate) fn expect_empty(&self) {
        assert_eq!(self.files(), [""; 0]);
    }

    /// Waits until the name of a server in the folder is removed.
    #[track_caller]
    pub(crate) fn wait_for_removal(&self) {
        wait_until("the name is removed", || self.files().is_empty());
    }

    /// Fails unless each line of arguments is wrong usage with the text in its message, and
    /// leaves no file.
    #[track_caller]
    pub(crate) fn expect_wrong_usage(&self, command: &[&str], cases: &[(&[&str], &str)]) {
        for (args, text) in cases {
            self.lsock(command).args(*args).run().fails(2).says(text).output("");
            self.expect_empty();
        }
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Cmd {
        Cmd::new(program.as_ref(), self.folder(), &self.journal)
    }

    pub(crate) fn lsock<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Cmd {
        // See `essentials`.
        let other = env::var_os("LSOCK_TEST_BINARY");
        self.command(other.unwrap_or(env!("CARGO_BIN_EXE_lsock").into())).args(args)
    }

    /// `sh -c SCRIPT LSOCK`: the script runs lsock as `"$0"`.
    pub(crate) fn shell(&self, script: &str) -> Cmd {
        self.command("sh").args(["-c", script, env!("CARGO_BIN_EXE_lsock")])
    }

    /// lsock with a resource limit, as the options of ulimit(1).
    pub(crate) fn limited<A: AsRef<OsStr>>(
        &self,
        limit: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Cmd {
        self.shell(&format!(r#"ulimit {limit}; exec "$0" "$@""#)).args(args)
    }

    /// `lsock listen -v NAME`
    pub(crate) fn listen(&self, name: &str) -> Cmd {
        self.lsock(["listen", "-v", name])
    }

    /// `lsock connect NAME`
    pub(crate) fn connect(&self, name: &str) -> Cmd {
        self.lsock(["connect", name])
    }

    /// `lsock relay -v LISTEN TARGET`
    pub(crate) fn relay(&self, listen: &str, target: &str) -> Cmd {
        self.lsock(["relay", "-v", listen, target])
    }
}

#[cfg(unix)]
impl Scene {
    /// Returns a scene in which every user can run lsock and reach the sockets: the folder keeps nobody
    /// out. Only root can do so; for other users it is `None`.
    #[track_caller]
    pub(crate) fn for_all_users() -> Option<Self> {
        super::is_root().then(|| {
            let scene = Self::new();
            scene.lsock_for_all();
            scene
        })
    }

    /// lsock as another user, in a scene for all users.
    pub(crate) fn stranger(&self, args: &[&str]) -> Cmd {
        self.command(self.path("lsock")).args(args).user(super::NOBODY)
    }

    /// Lets every user run lsock from this folder. Returns its path.
    pub(crate) fn lsock_for_all(&self) -> PathBuf {
        use std::{fs, os::unix::fs::PermissionsExt};
        let path = self.path("lsock");
        fs::set_permissions(self.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        // `cp` copies: a descriptor that this process has open for writing could be inherited
        // by a process of another test, and execve(2) would fail with ETXTBSY meanwhile.
        self.command("cp").args([env!("CARGO_BIN_EXE_lsock"), "lsock"]).run().ok();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }
}
