//! Tests that need a process of their own: for its working directory, umask, user or environment,
//! or because it is killed.
//!
//! The test binary starts itself with the name of a job. A job writes lines that begin with `#` for
//! the test, and its panic is a status other than 0.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write as _, stdout},
    os::{fd::OwnedFd, unix::process::CommandExt as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// An ordinary user: `nobody` on most systems.
const NOBODY: u32 = 65534;

/// The jobs. Each is defined beside the test that starts it.
const JOBS: &[(&str, fn())] = &[
    ("chdir", super::reclaiming::change_folder),
    ("fork and drop", super::reclaiming::fork_and_drop),
    ("swapped in", super::permissions::listen_while_files_are_swapped_in),
    ("umask", super::permissions::listen_under_umasks),
    ("knock", super::users::knock),
    ("guard", super::users::guard),
    ("connect", super::users::connect_as_told),
    ("listen in", super::users::listen_in),
    ("claim", super::racing::claim_on_command),
    ("claim and die", super::racing::claim_and_die),
    ("listen on what is inherited", super::activation::listen_on_what_is_inherited),
    ("tell what is inherited", super::activation::tell_what_is_inherited),
    ("write to what is inherited", super::activation::write_to_what_is_inherited),
    ("take by number", super::activation::take_by_number),
    ("connect and stay", super::peer_process::connect_and_stay),
    ("call with a closed peer", super::signals::call_with_closed_peer),
    ("receive too many", super::fd_leaks::receive_too_many),
    ("runtime folder", super::runtime_folder::listen_and_connect),
    #[cfg(linux_like)]
    ("listen and stay", super::abstract_names::listen_and_stay),
    #[cfg(target_os = "linux")]
    ("receive process descriptors", super::fd_leaks::receive_process_descriptors),
    #[cfg(target_os = "linux")]
    ("await process descriptors", crate::asynchronous::fd_passing::await_process_descriptors),
    #[cfg(target_os = "linux")]
    ("visit", super::access::visit),
    #[cfg(target_os = "linux")]
    ("listen for own user", super::access::listen_for_own_user),
    #[cfg(target_os = "linux")]
    ("system calls", super::system_calls::make_calls),
];

const VARIABLE: &str = "LOCAL_SOCKET_TEST_JOB";

/// Not a test: runs the job in a child.
#[test]
#[ignore = "not a test: the job of child processes that other tests start"]
fn job() {
    let Ok(wanted) = env::var(VARIABLE) else { return };
    let (_, job) = JOBS.iter().find(|(name, _)| *name == wanted).expect("a known job");
    job();
}

/// Returns an argument of the job, which [`Job::with`] has set.
pub(super) fn argument(name: &str) -> std::ffi::OsString {
    env::var_os(format!("{VARIABLE}_{name}")).unwrap_or_else(|| panic!("no argument {name}"))
}

/// Writes a line for the test. It does not use `print`, which libtest may capture.
pub(super) fn tell(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "\n#{line}").unwrap();
    out.flush().unwrap();
}

/// A job that has not been started.
#[derive(Debug)]
pub(crate) struct Job {
    command: Command,
}

impl Job {
    pub(crate) fn new(name: &str) -> Self {
        assert!(JOBS.iter().any(|(job, _)| *job == name));
        // The user of the child may not be able to reach the folder of the binary.
        let program = if cfg!(target_os = "linux") {
            "/proc/self/exe".into()
        } else {
            env::current_exe().unwrap()
        };
        let mut command = Command::new(program);
        command
            .args(["--exact", "unix::child::job", "--ignored", "--nocapture"])
            .env(VARIABLE, name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Self { command }
    }

    pub(super) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(format!("{VARIABLE}_{name}"), value);
        self
    }

    pub(super) fn env(mut self, name: &str, value: Option<&OsStr>) -> Self {
        match value {
            Some(value) => self.command.env(name, value),
            None => self.command.env_remove(name),
        };
        self
    }

    /// Runs it as an ordinary user if this process may change its user; otherwise this process has
    /// an ordinary user.
    pub(super) fn by_ordinary_user(mut self) -> Self {
        if is_root() {
            self.command.uid(NOBODY).gid(NOBODY).current_dir("/");
        }
        self
    }

    /// Runs it under `strace`, which writes its output to the file.
    #[cfg(target_os = "linux")]
    pub(super) fn traced_to(self, file: &std::path::Path) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "200", "-o"]).arg(file).arg("--");
        self.started_by(command)
    }

    /// Runs it in a new user namespace with the map of the option.
    #[cfg(target_os = "linux")]
    pub(super) fn in_user_namespace(self, map: &str) -> Self {
        let mut command = Command::new("unshare");
        command.args([map, "--"]);
        self.started_by(command)
    }

    /// Starts it through another program.
    #[cfg(target_os = "linux")]
    fn started_by(self, mut command: Command) -> Self {
        // /proc/self/exe would be that program, so the path is resolved now.
        command.arg(env::current_exe().unwrap()).args(self.command.get_args());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self { command }
    }

    /// Starts it through a shell, with this standard input, after these commands and with these
    /// redirections.
    pub(super) fn through_shell(self, before: &str, redirections: &str, stdin: OwnedFd) -> Self {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("{before} exec \"$0\" \"$@\" {redirections}")])
            .arg(env::current_exe().unwrap())
            .args(self.command.get_args())
            .stdin(stdin)
            .stdout(Stdio::piped());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        Self { command: shell }
    }

    pub(super) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Running { stdin: child.stdin.take(), child, lines }
    }

    /// Runs it to its end, which has to be successful. Returns its lines.
    pub(crate) fn run(self) -> Vec<String> {
        let mut running = self.start();
        let mut lines = Vec::new();
        while let Some(line) = running.next_line() {
            lines.push(line);
        }
        running.finish();
        lines
    }
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A running job. It is killed if the test ends first.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

impl Running {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to the job.
    pub(super) fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Returns the next line of the job.
    pub(super) fn next_line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(text) = line.strip_prefix('#') {
                return Some(text.trim_end().to_owned());
            }
        }
    }

    /// Waits until it ends successfully.
    pub(super) fn finish(mut self) {
        drop(self.stdin.take());
        while self.next_line().is_some() {}
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the job failed: {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
