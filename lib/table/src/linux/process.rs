use crate::ProcessFacts;
use rustix::{
    fs::{Mode, OFlags, open, openat},
    io::{self as fd_io},
    param::clock_ticks_per_second,
    time::{ClockId, clock_gettime},
};
use std::{
    os::fd::{AsFd, OwnedFd},
    time::{Duration, SystemTime},
};

impl ProcessFacts {
    /// Returns the process with this ID. Returns `None` if there is none, or no `/proc`.
    pub fn with_pid(pid: u32) -> Option<Self> {
        Self::in_folder(pid, open_folder(pid)?)
    }

    /// Reads the files in the folder of a process. If the process ends meanwhile, the folder does
    /// not lead to a later process with the same ID.
    pub(crate) fn in_folder(pid: u32, folder: impl AsFd) -> Option<Self> {
        let command = read(&folder, "comm")?;
        let command = command.strip_suffix(b"\n").unwrap_or(&command);
        let status = read(&folder, "status")?;
        Some(Self {
            pid,
            command: String::from_utf8_lossy(command).into_owned(),
            uid: effective_user(&status)?,
            started: read(&folder, "stat").as_deref().and_then(ticks_at_start).and_then(time_at),
        })
    }
}

/// Opens `/proc/PID`.
pub(crate) fn open_folder(pid: u32) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(format!("/proc/{pid}"), flags, Mode::empty()).ok()
}

fn read(folder: impl AsFd, name: &str) -> Option<Vec<u8>> {
    let file = openat(folder, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let mut bytes = vec![0; 4096];
    let mut length = 0;
    loop {
        let read = fd_io::read(&file, bytes.get_mut(length..)?).ok()?;
        if read == 0 {
            bytes.truncate(length);
            return Some(bytes);
        }
        length += read;
        if length == bytes.len() {
            bytes.resize(length * 2, 0);
        }
    }
}

/// Returns the second number of the line `Uid: REAL EFFECTIVE SAVED FILESYSTEM`.
fn effective_user(status: &[u8]) -> Option<u32> {
    let mut lines = status.split(|byte| *byte == b'\n');
    let numbers = lines.find_map(|line| line.strip_prefix(b"Uid:"))?;
    std::str::from_utf8(numbers).ok()?.split_whitespace().nth(1)?.parse().ok()
}

/// Returns field 22 of `proc_pid_stat(5)`. The second field, a name in parentheses, can contain
/// spaces and parentheses.
fn ticks_at_start(stat: &[u8]) -> Option<u64> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    rest.split_whitespace().nth(22 - 3)?.parse().ok()
}

/// Returns the time that is this number of clock ticks after the system was started.
fn time_at(ticks: u64) -> Option<SystemTime> {
    let now = clock_gettime(ClockId::Boottime);
    let now = Duration::new(now.tv_sec.try_into().ok()?, now.tv_nsec.try_into().ok()?);
    let per_second = clock_ticks_per_second();
    let whole = Duration::from_secs(ticks / per_second);
    let at_start = whole + Duration::from_nanos(ticks % per_second * 1_000_000_000 / per_second);
    SystemTime::now().checked_sub(now.checked_sub(at_start)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_described() {
        let process = ProcessFacts::with_pid(std::process::id()).unwrap();
        let folder = std::fs::metadata("/proc/self").unwrap();
        assert_eq!(process.uid, std::os::unix::fs::MetadataExt::uid(&folder));
        assert_eq!(
            process.command.as_bytes(),
            std::fs::read("/proc/self/comm").unwrap().trim_ascii_end()
        );
        let age = process.started.unwrap().elapsed().unwrap();
        assert!(age < Duration::from_secs(3600), "{age:?}");
        assert_eq!(ProcessFacts::with_pid(u32::MAX), None);
    }

    #[test]
    fn a_command_with_parentheses_does_not_move_the_fields() {
        let stat = b"7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987 20 21";
        assert_eq!(ticks_at_start(stat), Some(987));
        assert_eq!(ticks_at_start(b"7 (a) S 1 2"), None);
        assert_eq!(effective_user(b"Name:\tx\nUid:\t1\t22\t3\t4\nGid:\t5\n"), Some(22));
        assert_eq!(effective_user(b"Name:\tUid: 1 2\n"), None);
    }
}
