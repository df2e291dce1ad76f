//! The started processes: each is ended with all processes that it has started itself, also when
//! the comparison fails or is interrupted.

use anyhow::{Context as _, Result, bail, ensure};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open},
};
use std::{
    fs::{self, File},
    io::Read as _,
    os::{fd::AsFd, unix::process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Longer than any part of the work takes.
const LIMIT: Duration = Duration::from_secs(60);

/// The process groups of all processes that have not been waited for.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    /// The file of its stderr.
    errors: PathBuf,
    is_reaped: bool,
}

impl Process {
    pub(super) fn start(name: &str, command: &mut Command, folder: &Path) -> Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let errors = folder.join(format!("{number}.stderr"));
        let file = File::create(&errors).context("cannot make a file for stderr")?;
        command.stderr(file).process_group(0).env_remove("LSOCK_LOG");
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let process = Self { name: name.to_owned(), child, errors, is_reaped: false };
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).push(process.pid());
        Ok(process)
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for its end, at most for this time.
    fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        if !self.is_reaped {
            let end = pidfd_open(self.pid(), PidfdFlags::empty())?;
            ensure!(is_ready(&end, limit)?, "{} did not end within {limit:?}", self.name);
        }
        self.reap()
    }

    /// Waits for its end. Fails unless it succeeded.
    pub(super) fn succeed(&mut self) -> Result<()> {
        self.succeed_within(LIMIT)
    }

    pub(super) fn succeed_within(&mut self, limit: Duration) -> Result<()> {
        let status = self.wait(limit)?;
        ensure!(status.success(), "{}: {status}{}", self.name, self.complaint());
        Ok(())
    }

    /// Waits for its end, and returns the text that it printed, at most as much as a pipe holds.
    pub(super) fn text(&mut self) -> Result<String> {
        self.succeed()?;
        let mut text = String::new();
        let stdout = self.child.stdout.as_mut().context("no pipe at stdout")?;
        stdout.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Waits for its end, and returns the numbers that it printed.
    pub(super) fn answer(&mut self) -> Result<Vec<f64>> {
        numbers(&self.text()?)
    }

    /// Returns the numbers of the next line that it prints, with a single write.
    pub(super) fn next_answer(&mut self) -> Result<Vec<f64>> {
        let stdout: &mut ChildStdout = self.child.stdout.as_mut().context("no pipe at stdout")?;
        ensure!(is_ready(&*stdout, LIMIT)?, "{} did not answer within {LIMIT:?}", self.name);
        let mut line = [0; 256];
        match stdout.read(&mut line)? {
            0 => {
                self.succeed()?;
                bail!("{} ended without an answer", self.name)
            }
            count => numbers(&String::from_utf8_lossy(&line[..count])),
        }
    }

    /// Fails if it has ended.
    pub(super) fn is_running(&mut self) -> Result<()> {
        if let Ok(status) = self.wait(Duration::ZERO) {
            bail!("{}: {status}{}", self.name, self.complaint());
        }
        Ok(())
    }

    /// The file of its stderr.
    pub(super) fn errors_file(&self) -> &Path {
        &self.errors
    }

    /// Returns its stderr so far.
    pub(super) fn errors(&self) -> String {
        fs::read(&self.errors)
            .map_or_else(|_| String::new(), |text| String::from_utf8_lossy(&text).into_owned())
    }

    /// Returns the first line of its stderr, other than that it listens, as the end of a message.
    fn complaint(&self) -> String {
        let errors = self.errors();
        errors
            .lines()
            .find(|line| !line.is_empty() && !line.contains("listening on "))
            .map_or_else(String::new, |line| format!(": {line}"))
    }

    /// Ends the rest of its process group, as long as the number of the group is its own.
    fn reap(&mut self) -> Result<ExitStatus> {
        let group = self.pid();
        if !self.is_reaped {
            let _ = kill_process_group(group, Signal::KILL);
            GROUPS.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != group);
            self.is_reaped = true;
        }
        self.child.wait().with_context(|| format!("cannot wait for {}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.reap();
        let _ = fs::remove_file(&self.errors);
    }
}

/// Returns whether a descriptor can be read within this time. A pidfd can be read when its process
/// has ended.
fn is_ready(fd: &impl AsFd, limit: Duration) -> Result<bool> {
    let limit = Timespec::try_from(limit)?;
    Ok(poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&limit))? > 0)
}

fn numbers(text: &str) -> Result<Vec<f64>> {
    text.split_whitespace()
        .map(|word| word.parse().with_context(|| format!("not a number: {word}")))
        .collect()
}

/// On SIGINT, SIGTERM and SIGHUP ends all processes and removes the folder.
pub(super) fn end_all_on_signals(folder: &Path) -> Result<()> {
    use signal_hook::{consts, iterator::Signals, low_level::emulate_default_handler};
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM, consts::SIGHUP])?;
    let folder = folder.to_owned();
    thread::spawn(move || {
        for signal in signals.forever() {
            // No process is started or waited for while this lock is held.
            let groups = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
            for group in groups.iter() {
                let _ = kill_process_group(*group, Signal::KILL);
            }
            let _ = fs::remove_dir_all(&folder);
            let _ = emulate_default_handler(signal);
        }
    });
    Ok(())
}
