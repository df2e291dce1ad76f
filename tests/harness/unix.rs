use super::{Running, Scene, wait_until};
use rustix::{
    io::ioctl_fionread,
    process::{Pid, Signal, geteuid, kill_process},
};
use std::{
    env, fs,
    os::{
        fd::AsFd,
        unix::{fs::PermissionsExt, net::UnixStream},
    },
    path::{Path, PathBuf},
    process::Command,
};

/// A user who owns nothing here.
pub(crate) const NOBODY: u32 = 65534;

impl Scene {
    /// The binary, in this folder, where every user can run it.
    pub(crate) fn lsock_for_all(&self) -> PathBuf {
        let path = self.path("lsock");
        fs::set_permissions(self.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        // Another process copies it: a file that this one has open for writing could be
        // inherited by a process that is being started, and could not be run meanwhile.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_lsock")).arg(&path).status();
        assert!(copied.unwrap().success());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Waits for a socket file that can be connected to, and connects.
    #[track_caller]
    pub(crate) fn dial(&self, name: &str) -> UnixStream {
        let mut stream = None;
        wait_until("connected", || {
            stream = UnixStream::connect(self.path(name)).ok();
            stream.is_some()
        });
        let stream = stream.unwrap();
        stream.set_read_timeout(Some(super::DEADLINE)).unwrap();
        stream.set_write_timeout(Some(super::DEADLINE)).unwrap();
        stream
    }
}

/// Makes this process, and so those that it starts, heed signals that whoever started it
/// has had it ignore (nohup, a script that runs it in the background).
pub(super) fn have_usual_signals() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        have_room_for_clients();
        for number in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
            // SAFETY: the default action replaces no handler of ours.
            unsafe { signal(number, SigHandler::SigDfl) }.unwrap();
        }
    });
}

/// The tests hold both ends of many connections in one process.
fn have_room_for_clients() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const ENOUGH: u64 = 4096;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let enough = maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
    if current.is_some_and(|current| current < enough) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(enough), maximum }).unwrap();
    }
}

/// Sends a signal.
#[track_caller]
pub(crate) fn signal(running: &Running, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(running.pid()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Whether a program is here that a test needs. A test without it is left out, and says
/// so; with LSOCK_REQUIRE_PEERS=1 it fails.
#[track_caller]
pub(crate) fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_here = env::split_paths(&path).any(|folder| {
        fs::metadata(folder.join(program))
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    });
    is_here || left_out(&format!("{program} is not installed"))
}

/// Whether the tests run as root, who can start processes of other users.
#[track_caller]
pub(crate) fn is_root() -> bool {
    geteuid().is_root() || left_out("it takes root to run a process as another user")
}

/// Whether processes can be started in a PID namespace of their own, as in a container.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn has_pid_namespaces() -> bool {
    let attempt =
        || Command::new("unshare").args(["--pid", "--fork", "--mount-proc", "true"]).output();
    has("unshare")
        && (attempt().is_ok_and(|output| output.status.success())
            || left_out("unshare --pid is not permitted"))
}

#[track_caller]
fn left_out(why: &str) -> bool {
    let is_required = env::var_os("LSOCK_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!is_required, "{why}");
    let location = std::panic::Location::caller();
    eprintln!("left out ({}): {why}", location.file());
    false
}

/// Waits until there is something under a name in the folder.
#[track_caller]
pub(crate) fn wait_for_file(path: &Path) {
    wait_until(&format!("{} is there", path.display()), || path.symlink_metadata().is_ok());
}

/// Waits until so many bytes have arrived at a socket or pipe and can be read.
#[track_caller]
pub(crate) fn wait_for_bytes(at: impl AsFd, count: u64) {
    wait_until(&format!("{count} bytes have arrived"), || ioctl_fionread(&at).unwrap() == count);
}

/// The open descriptors of a process (Linux).
pub(crate) fn open_files(running: &Running) -> usize {
    count(&format!("/proc/{}/fd", running.pid()))
}

/// The threads of a process (Linux).
pub(crate) fn threads_of(running: &Running) -> usize {
    count(&format!("/proc/{}/task", running.pid()))
}

fn count(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// The most memory that a process has used, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn peak_memory(running: &Running) -> u64 {
    status_size(running, "VmHWM:")
}

/// The memory that a process uses, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn memory(running: &Running) -> u64 {
    status_size(running, "VmRSS:")
}

#[cfg(target_os = "linux")]
fn status_size(running: &Running, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// The processor time that a process has used, in hundredths of a second.
#[cfg(target_os = "linux")]
pub(crate) fn processor_time(running: &Running) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", running.pid())).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
