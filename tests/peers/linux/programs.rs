//! The compared programs and their paths.

use super::Run;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// Returns the path of a program, if it is installed.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    // The folder of systemd for programs that users do not start.
    let more = ["/lib/systemd", "/usr/lib/systemd"].map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(more).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Returns the compared lsock: `LSOCK_BIN`, or the one of this build.
pub(super) fn lsock() -> Command {
    let path = env::var_os("LSOCK_BIN").filter(|path| !path.is_empty());
    path.map_or_else(own_lsock, Command::new)
}

/// Returns the lsock of this build: its `bench` is the client, whichever lsock is compared.
pub(super) fn own_lsock() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lsock"))
}

/// Returns whether a server listens on the socket file. It does not connect, because some listeners
/// serve a single client.
pub(super) fn is_listened_on(path: &Path) -> bool {
    const ACCEPTS: u32 = 1 << 16;
    let sockets = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    sockets.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let flags = fields.nth(3).and_then(|flags| u32::from_str_radix(flags, 16).ok());
        flags.is_some_and(|flags| flags & ACCEPTS != 0)
            && fields.nth(3).is_some_and(|found| Path::new(found) == path)
    })
}

/// Returns a line about the machine and the programs.
pub(super) fn environment(run: &Run) -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpus = thread::available_parallelism().map_or(0, usize::from);
    let versions: Vec<String> = [
        ("lsock", lsock(), "--version"),
        ("socat", Command::new("socat"), "-V"),
        ("OpenBSD nc", Command::new("nc"), "-h"),
        ("ncat", Command::new("ncat"), "--version"),
        ("systemd", Command::new("systemctl"), "--version"),
    ]
    .into_iter()
    .filter_map(|(name, mut command, option)| version(command.arg(option), name))
    .collect();
    format!(
        "Linux {}, {cpus} CPUs; {}. The programs take turns in {} rounds; figures are medians, and \
         behind a ratio stand its lowest and highest in a round.",
        release.trim(),
        versions.join(", "),
        run.rounds
    )
}

/// Returns the first printed word that begins with a digit.
fn version(command: &mut Command, name: &str) -> Option<String> {
    let output = command.output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Some(format!("{name} {}", word?.trim_end_matches(')')))
}
