//! Conditions of tests: programs, privileges and system features. A test without them is left
//! out and says so; with `LSOCK_REQUIRE_PEERS=1` it fails.

use rustix::process::geteuid;
use std::{env, fs, os::unix::fs::PermissionsExt};

/// The user ID of a user who owns nothing in the folders of the tests.
pub(crate) const NOBODY: u32 = 65534;

/// Returns whether the program is installed.
#[track_caller]
pub(crate) fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_installed = env::split_paths(&path).any(|folder| {
        fs::metadata(folder.join(program))
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    });
    is_installed || left_out(&format!("{program} is not installed"))
}

/// Returns whether the tests run as root, who can start processes of other users.
#[track_caller]
pub(crate) fn is_root() -> bool {
    geteuid().is_root() || left_out("only root can run a process as another user")
}

/// Returns whether an sshd can be started. If root starts it, it requires a folder (`sshd(8)`).
#[track_caller]
pub(crate) fn has_sshd() -> bool {
    let has_folder = !geteuid().is_root() || fs::metadata("/run/sshd").is_ok();
    has("sshd") && (has_folder || left_out("the folder /run/sshd does not exist"))
}

/// Returns whether processes can be started in a new PID namespace, as in a container.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn has_pid_namespaces() -> bool {
    has_namespaces(&["--pid", "--fork", "--mount-proc", "true"])
}

/// Returns whether processes can be started in a mount namespace of their own.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn has_mount_namespaces() -> bool {
    has_namespaces(&["--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/proc"])
}

/// Returns whether processes can be started in a network namespace of their own.
#[cfg(target_os = "linux")]
#[track_caller]
pub(crate) fn has_network_namespaces() -> bool {
    has_namespaces(&["--net", "true"])
}

/// Returns whether unshare(1) succeeds with the arguments, of which the last ones are a command.
#[cfg(target_os = "linux")]
#[track_caller]
fn has_namespaces(args: &[&str]) -> bool {
    let attempt = || std::process::Command::new("unshare").args(args).output();
    has("unshare")
        && (attempt().is_ok_and(|output| output.status.success())
            || left_out(&format!("unshare {} is not permitted", args[0])))
}

#[track_caller]
fn left_out(why: &str) -> bool {
    let is_required = env::var_os("LSOCK_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!is_required, "{why}");
    let location = std::panic::Location::caller();
    eprintln!("left out ({}): {why}", location.file());
    false
}
