//! Another program that uses the same name, without the protocol of `lsock`.

use super::random::Random;
use crate::harness::Scene;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The longest time for which `lsock` may move a file to another name to examine it.
const AWAY: Duration = Duration::from_secs(2);

/// What the program puts at the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Fifo,
    /// A symbolic link to nothing.
    Link,
    Live,
    Stale,
}

/// The identity of a file.
#[derive(Clone, Copy, Debug)]
struct Identity {
    inode: u64,
    kind: FileType,
    permissions: u32,
}

impl Identity {
    /// Returns `None` if nothing is at the path.
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.symlink_metadata().ok()?;
        let mode = metadata.mode();
        let kind = FileType::from_raw_mode(mode);
        Some(Self { inode: metadata.ino(), kind, permissions: mode & 0o7777 })
    }

    /// Returns whether the file is at the path, with any permissions.
    fn is_at(self, path: &Path) -> bool {
        Self::of(path).is_some_and(|found| (found.inode, found.kind) == (self.inode, self.kind))
    }
}

/// The listener of a live socket, and the identity of what was put at the name.
type Placed = (Option<UnixListener>, Identity);

/// Counts of the files and live sockets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) stayed: u64,
    /// Moved to another name in the folder by a process that was then killed.
    pub(super) aside: u64,
}

#[derive(Debug)]
pub(super) struct Foreign {
    name: PathBuf,
    /// Holds files before they are put at the name and after they are taken away.
    store: TempDir,
    random: Random,
    with_live: bool,
    with_kills: bool,
    pub(super) counts: Counts,
}

impl Foreign {
    /// Live sockets are left out where `--replace` may take them over.
    pub(super) fn new(
        scene: &Scene,
        random: &mut Random,
        with_live: bool,
        with_kills: bool,
    ) -> Self {
        Self {
            name: scene.path("a"),
            store: tempfile::tempdir().unwrap(),
            random: Random::new(random.below(usize::MAX) as u64),
            with_live,
            with_kills,
            counts: Counts::default(),
        }
    }

    /// Puts something at the name, checks that it stays there, and takes it away again.
    pub(super) fn act(&mut self) {
        thread::sleep(self.random.pause(12));
        let kinds = [Kind::File, Kind::Folder, Kind::Fifo, Kind::Link, Kind::Stale, Kind::Live];
        let kind = self.random.pick(&kinds[..if self.with_live { 6 } else { 5 }]);
        let in_place = self.random.one_in(2);
        let placed = if in_place { self.create(kind) } else { self.exchange(kind) };
        let Some((listener, identity)) = placed else { return };
        // Listeners may take over a stale socket.
        if kind == Kind::Stale {
            return;
        }
        thread::sleep(self.random.pause(13));
        let way = if in_place { "created in place of a socket" } else { "exchanged" };
        self.check(&format!("{kind:?} {way}"), identity);
        drop(listener);
    }

    /// Creates something elsewhere and exchanges it with what is at the name. Returns `None`
    /// if the name was changed at the same time.
    fn exchange(&self, kind: Kind) -> Option<Placed> {
        let path = self.store.path().join("new");
        let listener = create(kind, &path).unwrap();
        let identity = Identity::of(&path).unwrap();
        let rename = |flags| renameat_with(CWD, &path, CWD, &self.name, flags);
        let result = rename(RenameFlags::EXCHANGE).or_else(|_| rename(RenameFlags::NOREPLACE));
        remove(&path);
        result.ok().map(|()| (listener, identity))
    }

    /// Creates something at the name after the removal of what is there, when the file system
    /// may use its inode number again. Returns `None` if another process was faster.
    fn create(&self, kind: Kind) -> Option<Placed> {
        remove(&self.name);
        let listener = create(kind, &self.name).ok()?;
        (kind != Kind::Stale).then(|| (listener, placed(kind, &self.name)))
    }

    /// Fails unless what has this identity is at the name, and then takes it away.
    fn check(&mut self, what: &str, expected: Identity) {
        let away = self.store.path().join("old");
        let start = Instant::now();
        while start.elapsed() < AWAY {
            if expected.is_at(&self.name) && fs::rename(&self.name, &away).is_ok() {
                // A listener may have exchanged it for its own socket at the last moment.
                let found = Identity::of(&away).filter(|_| expected.is_at(&away));
                remove(&away);
                if let Some(Identity { permissions: now, .. }) = found {
                    let before = expected.permissions;
                    assert!(now == before, "{what}: mode {before:o} was changed to {now:o}");
                    self.counts.stayed += 1;
                    return;
                }
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.missing(what, expected);
    }

    /// Searches the folder for a file that is no longer at the name.
    fn missing(&mut self, what: &str, expected: Identity) {
        let entries = fs::read_dir(self.name.parent().unwrap()).unwrap().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        let aside = paths.iter().position(|path| expected.is_at(path));
        match aside.map(|index| paths.swap_remove(index)) {
            Some(path) if self.with_kills => {
                self.counts.aside += 1;
                remove(&path);
            }
            Some(path) => panic!("{what}: moved to {} for good", path.display()),
            None => {
                let found: Vec<_> = paths.iter().map(|path| (path, Identity::of(path))).collect();
                panic!("{what}, {expected:?}: removed; in the folder are {found:?}");
            }
        }
    }
}

/// Returns the identity of the created file. For a moment a listener can have exchanged it for its
/// own socket, until it sees that the file is not a socket.
#[track_caller]
fn placed(kind: Kind, path: &Path) -> Identity {
    let expected = match kind {
        Kind::File => FileType::RegularFile,
        Kind::Folder => FileType::Directory,
        Kind::Fifo => FileType::Fifo,
        Kind::Link => FileType::Symlink,
        Kind::Live | Kind::Stale => FileType::Socket,
    };
    let start = Instant::now();
    while start.elapsed() < AWAY {
        match Identity::of(path) {
            Some(found) if found.kind == expected => return found,
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
    panic!("{kind:?}: removed right after it was created");
}

fn create(kind: Kind, path: &Path) -> io::Result<Option<UnixListener>> {
    match kind {
        Kind::File => fs::File::create_new(path)?.set_len(0)?,
        Kind::Folder => fs::create_dir(path)?,
        Kind::Fifo => {
            mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        }
        Kind::Link => symlink("nothing", path)?,
        Kind::Live => return UnixListener::bind(path).map(Some),
        Kind::Stale => drop(UnixListener::bind(path)?),
    }
    Ok(None)
}

fn remove(path: &Path) {
    // Fails if nothing is at the path.
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
}
