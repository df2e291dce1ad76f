//! Processes of a round, which run in its folder.

use super::report::Figures;
use crate::harness::{Cmd, Running, Scene, becomes};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};
use std::{
    env, fs,
    io::ErrorKind,
    os::unix::{fs::FileTypeExt, net::UnixStream, process::ExitStatusExt},
    path::Path,
    process::ExitStatus,
    time::{Duration, Instant},
};

/// Disables core files, which processes that end by SIGQUIT would leave in their folder.
pub(super) fn prepare() {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
}

/// Returns a command for the attacked `lsock`.
pub(super) fn lsock(scene: &Scene, args: &[&str]) -> Cmd {
    let program = env::var_os("LSOCK_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_lsock").into());
    // The process runs in another folder.
    scene.command(fs::canonicalize(program).expect("LSOCK_BIN is a file")).args(args)
}

/// Starts a listener or a relay with `-v`, and waits until it listens.
#[track_caller]
pub(super) fn serve(scene: &Scene, args: &[&str]) -> Running {
    lsock(scene, &[&["-v"], args].concat()).start_listening()
}

/// Returns the number of the signal that ended the process.
pub(super) fn signal_of(status: ExitStatus) -> Option<Signal> {
    status.signal().and_then(Signal::from_named_raw)
}

/// Ends a server with SIGTERM.
#[track_caller]
pub(super) fn terminate(server: Running) {
    server.terminate().does_not_say("panicked");
}

/// Fails unless the process has ended within the time since `start`.
#[track_caller]
pub(super) fn check_in_time(what: &str, start: Instant, limit: Duration) -> Duration {
    let elapsed = start.elapsed();
    assert!(elapsed <= limit, "{what} took {elapsed:?}, longer than {limit:?}");
    elapsed
}

/// Fails if processes of the round are left, or other files than these.
#[track_caller]
pub(super) fn check_left_over(scene: &Scene, files: &[&str]) {
    let folder = scene.folder();
    if !becomes(|| processes_in(folder).is_empty()) {
        panic!("processes are left: {:?}", processes_in(folder));
    }
    let left = scene.files();
    assert!(left == files, "files are {left:?} instead of {files:?}");
}

/// As [`check_left_over`], where listeners were killed. One that is killed in the few microseconds
/// in which it replaces a name leaves a dead socket beside the name, as lsock-listen(1) says.
#[track_caller]
pub(super) fn check_left_over_of_killed(scene: &Scene, figures: &mut Figures) {
    for file in scene.files() {
        let is_beside = file.starts_with(".stale") || file.starts_with(".new");
        let path = scene.path(&file);
        let is_dead = UnixStream::connect(&path)
            .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
        if is_beside
            && is_dead
            && fs::metadata(&path).is_ok_and(|file| file.file_type().is_socket())
        {
            fs::remove_file(&path).unwrap();
            figures.add("dead socket beside the name of a killed listener", 1);
        }
    }
    check_left_over(scene, &[]);
}

/// Fails if a server keeps children that have ended and were not waited for.
#[track_caller]
pub(super) fn check_zombies(server: &Running) {
    let parent = server.pid().to_string();
    let is_free = becomes(|| !stats().any(|stat| stat[0] == "Z" && stat[1] == parent));
    assert!(is_free, "process {parent} does not wait for its children");
}

/// Kills the remaining processes of a round when it ends or fails.
pub(super) struct Sweep<'a>(pub(super) &'a Scene);

impl Drop for Sweep<'_> {
    fn drop(&mut self) {
        for process in processes_in(self.0.folder()) {
            let number = process.split(' ').next().and_then(|text| text.parse().ok());
            if let Some(pid) = number.and_then(Pid::from_raw) {
                // Fails if it has ended since.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Returns the fields from the third on of the stat file of every process.
fn stats() -> impl Iterator<Item = Vec<String>> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| {
        let text = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, fields) = text.rsplit_once(')')?;
        Some(fields.split_whitespace().map(str::to_owned).collect())
    })
}

/// Returns the IDs and command lines of the processes with this working directory.
pub(super) fn processes_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let in_folder =
        entries.filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|l| l == folder));
    in_folder
        .map(|entry| {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            format!("{} {command}", entry.file_name().display())
        })
        .collect()
}
