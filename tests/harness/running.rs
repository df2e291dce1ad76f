use super::{
    Cmd, Collected, DEADLINE, Outcome, assert_bytes,
    command::{Input, Output},
    outcome::Journal,
    within_the_deadline,
};
use std::{
    io::{self, Write},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// A started process. It is killed when this is dropped, and reported if the test fails.
pub(crate) struct Running {
    child: Child,
    command_line: String,
    journal: Journal,
    is_reported: AtomicBool,
    stdin: Option<ChildStdin>,
    unread: Option<ChildStdout>,
    pub(crate) stdout: Collected,
    pub(crate) stderr: Collected,
}

/// Starts a process. Wine 8 sometimes fails with error 1359, "internal error", while other
/// processes start; then this tries again.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    const INTERNAL_ERROR: i32 = 1359;
    #[cfg(unix)]
    super::process::prepare();
    let mut result = command.spawn();
    for _ in 0..5 {
        match &result {
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(INTERNAL_ERROR) => {
                result = command.spawn();
            }
            _ => break,
        }
    }
    result
}

impl Running {
    #[track_caller]
    pub(super) fn start(cmd: Cmd) -> Self {
        let Cmd { mut command, command_line, journal, input, output } = cmd;
        if !matches!(input, Input::Given) {
            command.stdin(Stdio::piped());
        }
        if !matches!(output, Output::Given) {
            command.stdout(Stdio::piped());
        }
        command.stderr(Stdio::piped());
        let child = spawn(&mut command);
        let mut child = child.unwrap_or_else(|error| panic!("{command_line}: {error}"));
        let mut stdin = child.stdin.take();
        if let Input::Bytes(bytes) = input {
            let mut stdin = stdin.take().expect("stdin is a pipe");
            thread::spawn(move || {
                // Fails if the process ends before it has read everything.
                let _ = stdin.write_all(&bytes);
            });
        }
        let mut unread = child.stdout.take();
        let stdout = match output {
            Output::Collected => unread.take().map(Collected::from),
            Output::Unread | Output::Given => None,
        };
        Self {
            command_line,
            journal,
            is_reported: AtomicBool::new(false),
            stdin,
            unread,
            stdout: stdout.unwrap_or_else(Collected::nothing),
            stderr: Collected::from(child.stderr.take().expect("stderr is a pipe")),
            child,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to the input.
    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let mut stdin = self.stdin.take().expect("open input");
        let bytes = bytes.as_ref().to_owned();
        match within_the_deadline(move || stdin.write_all(&bytes).map(|()| stdin)) {
            Some(Ok(stdin)) => self.stdin = Some(stdin),
            Some(Err(error)) => self.fail(&format!("cannot write to the input: {error}")),
            None => self.fail("the process does not read its input"),
        }
    }

    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.stdin.take().expect("open input")
    }

    pub(crate) fn close_input(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn take_output(&mut self) -> ChildStdout {
        self.unread.take().expect("unread output")
    }

    /// Waits until the output is exactly these bytes.
    #[track_caller]
    pub(crate) fn wait_for_output(&self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.stdout.wait_for(|so_far| so_far.len() >= bytes.len());
        assert_bytes(&self.stdout.so_far(), bytes, || self.report_once());
    }

    /// Waits for the end of the output, which has to be exactly these bytes.
    #[track_caller]
    pub(crate) fn wait_for_end_of_output(&self, bytes: impl AsRef<[u8]>) {
        self.check(self.stdout.wait_for_end(), "the output has not ended");
        assert_bytes(&self.stdout.so_far(), bytes.as_ref(), || self.report_once());
    }

    /// Waits for a text on stderr.
    #[track_caller]
    pub(crate) fn wait_for_message(&self, text: &str) {
        let is_found = self.stderr.wait_for(|bytes| String::from_utf8_lossy(bytes).contains(text));
        self.check(is_found, &format!("no message `{text}`"));
    }

    /// Fails if the text is on stderr so far.
    #[track_caller]
    pub(crate) fn does_not_say(&self, text: &str) {
        self.check(!self.log().contains(text), &format!("stderr contains `{text}`"));
    }

    /// Returns what is on stderr so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.stderr.so_far()).into_owned()
    }

    /// Waits for the message of `-v` that clients can connect. Returns the name in it.
    #[track_caller]
    pub(crate) fn listen_name(&self) -> String {
        // The message can arrive in pieces: the name is whole if something follows it.
        let name = |bytes: &[u8]| {
            let log = String::from_utf8_lossy(bytes).into_owned();
            let (name, _) = log.split_once("listening on ")?.1.split_once([' ', '\n'])?;
            Some(name.to_owned())
        };
        self.stderr.wait_for(|bytes| name(bytes).is_some());
        name(&self.stderr.so_far()).unwrap_or_else(|| self.fail("no name that it listens on"))
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until the process has ended. An open input stays open.
    #[track_caller]
    pub(crate) fn end(mut self) -> Outcome {
        let Some(status) = self.wait(DEADLINE) else {
            self.fail(&format!("the process has not ended within {DEADLINE:?}"));
        };
        let has_ended = self.stderr.wait_for_end() && self.stdout.wait_for_end();
        self.check(has_ended, "the process has ended, and its output has not");
        let outcome = Outcome {
            command_line: self.command_line.clone(),
            status,
            stdout: self.stdout.so_far(),
            stderr: self.log(),
        };
        self.journal.add(&outcome);
        self.is_reported.store(true, Relaxed);
        outcome
    }

    pub(crate) fn kill(mut self) -> Outcome {
        self.child.kill().unwrap();
        self.end()
    }

    fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        let mut pause = Duration::from_micros(500);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() >= end {
                return None;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    #[track_caller]
    fn check(&self, condition: bool, problem: &str) {
        if !condition {
            self.fail(problem);
        }
    }

    #[track_caller]
    fn fail(&self, problem: &str) -> ! {
        panic!("{problem}\n{}", self.report_once());
    }

    /// Returns the report and suppresses it when this is dropped.
    fn report_once(&self) -> String {
        self.is_reported.store(true, Relaxed);
        self.report()
    }

    pub(crate) fn report(&self) -> String {
        super::outcome::report(
            &self.command_line,
            "running or not waited for",
            &self.stdout.so_far(),
            &self.stderr.so_far(),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if thread::panicking() && !self.is_reported.load(Relaxed) {
            eprintln!("{}", self.report());
        }
        // Fails if the process has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
