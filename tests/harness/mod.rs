//! Starts processes, connects to them, and waits for facts.

mod bench;
mod collected;
mod command;
mod data;
#[cfg(windows)]
mod handles;
mod hints;
mod host;
mod interrupt;
#[cfg(target_os = "linux")]
mod line;
mod outcome;
#[cfg(unix)]
mod process;
#[cfg(target_os = "linux")]
mod pty;
#[cfg(unix)]
mod requirements;
mod running;
mod scene;
mod wire;

pub(crate) use bench::{Report, Row};
pub(crate) use collected::Collected;
pub(crate) use command::Cmd;
pub(crate) use data::{Data, assert_bytes, data};
#[cfg(windows)]
pub(crate) use handles::{PseudoConsole, Spawned};
pub(crate) use host::{Host, Serving};
#[cfg(target_os = "linux")]
pub(crate) use line::Line;
pub(crate) use outcome::{Outcome, numbers};
#[cfg(target_os = "linux")]
pub(crate) use process::{memory, peak_memory, processor_time, waits_in};
#[cfg(unix)]
pub(crate) use process::{open_files, signal, threads_of};
#[cfg(target_os = "linux")]
pub(crate) use pty::Pty;
#[cfg(unix)]
pub(crate) use requirements::{NOBODY, has, has_sshd, is_root};
#[cfg(target_os = "linux")]
pub(crate) use requirements::{has_mount_namespaces, has_network_namespaces, has_pid_namespaces};
pub(crate) use running::Running;
pub(crate) use scene::Scene;
pub(crate) use wire::Wire;

#[cfg(unix)]
use std::{os::fd::AsFd, path::Path};
use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// The longest wait, with room for a slow machine under load.
pub(crate) const DEADLINE: Duration = Duration::from_secs(40);

/// Waits until the condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(becomes(condition), "waited {DEADLINE:?} in vain: {what}");
}

/// Waits until the condition holds. Returns `false` if it does not within [`DEADLINE`].
pub(crate) fn becomes(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}

/// Runs the function on another thread. Returns `None` if it has not returned within
/// [`DEADLINE`].
pub(crate) fn within_the_deadline<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(function()));
    receiver.recv_timeout(DEADLINE).ok()
}

/// Sends Ctrl+C to another process, if an environment variable says so. It is a test, so that the
/// test program can be started to run it; see [`Running::send_interrupt`].
#[cfg(windows)]
#[test]
fn run_as_sender() {
    interrupt::run_as_sender();
}

/// Returns whether the tests run in Wine, and says that a test is left out because Wine lacks what it
/// needs.
#[cfg(windows)]
pub(crate) fn wine_lacks(what: &str) -> bool {
    use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
    // SAFETY: both texts end with a NUL, and ntdll.dll is always loaded.
    let is_wine = unsafe {
        let ntdll = GetModuleHandleA(c"ntdll.dll".as_ptr().cast());
        GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()).is_some()
    };
    if is_wine {
        eprintln!("left out: Wine lacks {what}");
    }
    is_wine
}

/// Waits until a file exists at the path.
#[cfg(unix)]
#[track_caller]
pub(crate) fn wait_for_file(path: &Path) {
    wait_until(&format!("{} exists", path.display()), || path.symlink_metadata().is_ok());
}

/// Waits until exactly that many bytes can be read from a socket or pipe.
#[cfg(unix)]
#[track_caller]
pub(crate) fn wait_for_bytes(fd: impl AsFd, count: u64) {
    wait_until(&format!("{count} bytes can be read"), || {
        rustix::io::ioctl_fionread(&fd).unwrap() == count
    });
}
