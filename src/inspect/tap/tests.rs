#![expect(clippy::unwrap_used, reason = "tests")]

mod crashes;
mod races;

use super::*;
use crate::system::socket_file::{LockError, NameLock};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Every step that a tap does when nobody interferes, in order.
const USUAL: [Step; 4] = [Step::Listen, Step::SwapIn, Step::SwapBack, Step::RemoveOwn];

/// A folder with a server at `s`.
struct Scene {
    folder: tempfile::TempDir,
    server: UnixListener,
    inode: u64,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = UnixListener::bind(folder.path().join("s")).unwrap();
        fs::set_permissions(folder.path().join("s"), fs::Permissions::from_mode(0o600)).unwrap();
        let inode = fs::symlink_metadata(folder.path().join("s")).unwrap().ino();
        Self { folder, server, inode }
    }

    fn paths(&self) -> TapPaths {
        let name = self.folder.path().join("s");
        TapPaths { aside: crate::system::socket_file::aside_path(&name), name }
    }

    fn start(&self, gate: impl StepGate + 'static) -> Result<Started, TapProblem> {
        StandIn::start(self.paths(), ServeAs::OwnUser, Box::new(gate))
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Fails unless exactly the server's file is there, and leads to the server.
    #[track_caller]
    fn expect_untouched(&self) {
        assert_eq!(self.files(), ["s"]);
        let file = fs::symlink_metadata(self.paths().name).unwrap();
        assert_eq!((file.ino(), file.mode() & 0o7777), (self.inode, 0o600));
        expect_server(&self.paths().name, &self.server);
    }
}

type Started = (StandIn, local_socket::Listener, Option<Restored>);

/// Fails unless a client of the path reaches the listener.
#[track_caller]
fn expect_server(path: &Path, listener: &UnixListener) {
    let mut client = UnixStream::connect(path).unwrap();
    listener.set_nonblocking(true).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    client.write_all(b"x").unwrap();
    accepted.set_nonblocking(false).unwrap();
    accepted.read_exact(&mut [0]).unwrap();
}

/// Ends the process that it stands for before a step: nothing more is done.
#[derive(Debug)]
struct KilledBefore(Step, AtomicBool);

impl StepGate for KilledBefore {
    fn before(&self, step: Step) -> io::Result<()> {
        if self.1.load(Relaxed) || step == self.0 {
            self.1.store(true, Relaxed);
            return Err(io::Error::other("killed"));
        }
        Ok(())
    }
}

fn killed_before(step: Step) -> KilledBefore {
    KilledBefore(step, AtomicBool::new(false))
}

/// Lets another process do something before a step, once.
struct Interfering<F>(Step, Mutex<Option<F>>, Option<KilledBefore>);

impl<F> std::fmt::Debug for Interfering<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "before {:?}", self.0)
    }
}

impl<F: FnOnce() + Send> StepGate for Interfering<F> {
    fn before(&self, step: Step) -> io::Result<()> {
        if step == self.0
            && let Some(interfere) = self.1.lock().unwrap().take()
        {
            interfere();
        }
        self.2.as_ref().map_or(Ok(()), |killed| killed.before(step))
    }
}

fn interfering<F: FnOnce() + Send>(step: Step, interfere: F) -> Interfering<F> {
    Interfering(step, Mutex::new(Some(interfere)), None)
}

/// Replaces the file by that of a new server, as `lsock listen --replace` does without the lock.
fn replace(path: &Path) -> UnixListener {
    let other = path.with_file_name("other");
    let server = UnixListener::bind(&other).unwrap();
    fs::rename(other, path).unwrap();
    server
}

#[test]
fn a_tap_comes_and_goes_and_the_file_is_the_same() {
    let scene = Scene::new();
    let (tap, listener, restored) = scene.start(AllSteps).unwrap();
    assert_eq!(restored, None);
    assert_eq!(scene.files(), [".s.lsock-tap", "s"]);
    let listener = UnixListener::from(std::os::fd::OwnedFd::from(unix_listener(listener)));
    expect_server(&scene.paths().name, &listener);
    expect_server(&scene.paths().aside, &scene.server);
    expect_server(&tap.server().route().unwrap_or(scene.paths().aside), &scene.server);
    assert_eq!(fs::symlink_metadata(scene.paths().name).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(tap.restore(), StandInEnd::ServerBack);
    scene.expect_untouched();
    // Once is enough.
    assert_eq!(tap.restore(), StandInEnd::ServerBack);
    drop(tap);
    scene.expect_untouched();
    // A tap that is dropped gives the name back as well.
    drop(scene.start(AllSteps).unwrap());
    scene.expect_untouched();
}

fn unix_listener(listener: local_socket::Listener) -> local_socket::os::unix::Listener {
    let local_socket::Listener::UdSocket(listener) = listener;
    listener
}

#[test]
fn every_step_is_done_under_the_lock_of_the_folder() {
    #[derive(Debug)]
    struct Locked(PathBuf);
    impl StepGate for Locked {
        fn before(&self, step: Step) -> io::Result<()> {
            let lock = NameLock::acquire(&self.0, Duration::ZERO);
            assert!(matches!(lock, Err(LockError::Held(_))), "{step:?}");
            Ok(())
        }
    }
    let scene = Scene::new();
    let (tap, listener, _) = scene.start(Locked(scene.paths().name)).unwrap();
    assert_eq!(tap.restore(), StandInEnd::ServerBack);
    drop(listener);
    drop(scene.start(killed_before(Step::SwapBack)).unwrap());
    restore(&scene.paths(), &Locked(scene.paths().name)).unwrap();
    scene.expect_untouched();
}

/// A stranger can hold the lock of a folder that it may read for as long as it runs.
#[test]
fn a_stranger_with_the_lock_keeps_a_tap_from_starting_and_not_from_ending() {
    let scene = Scene::new();
    let lock = || NameLock::acquire(&scene.paths().name, Duration::ZERO).unwrap();
    let held = lock();
    let problem = scene.start(AllSteps).map(drop).unwrap_err();
    assert!(problem.to_string().contains("holds the lock of the folder"), "{problem}");
    scene.expect_untouched();
    drop(held);
    let (tap, _listener, _) = scene.start(AllSteps).unwrap();
    let _held = lock();
    assert_eq!(tap.restore(), StandInEnd::ServerBack);
    scene.expect_untouched();
}

#[test]
fn a_second_tap_and_what_is_no_socket_are_refused() {
    let scene = Scene::new();
    let (tap, _listener, _) = scene.start(AllSteps).unwrap();
    let second = scene.start(AllSteps).map(drop).unwrap_err();
    assert!(matches!(second, TapProblem::AlreadyTapped(_)), "{second}");
    let restored = restore(&scene.paths(), &AllSteps).unwrap_err();
    assert!(matches!(restored, TapProblem::AlreadyTapped(_)), "{restored}");
    drop(tap);
    scene.expect_untouched();
    fs::write(scene.paths().aside, "precious").unwrap();
    let problem = scene.start(AllSteps).map(drop).unwrap_err();
    assert!(matches!(problem, TapProblem::InTheWay(_)), "{problem}");
    assert_eq!(fs::read(scene.paths().aside).unwrap(), b"precious");
}
