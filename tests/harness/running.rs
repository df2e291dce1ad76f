use super::{
    Cmd, Collected, DEADLINE, Outcome,
    command::{Input, Output},
    within_the_deadline,
};
use std::{
    io::{self, Write},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A process that has been started, and is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    text: String,
    stdin: Option<ChildStdin>,
    unread: Option<ChildStdout>,
    pub(crate) stdout: Collected,
    pub(crate) stderr: Collected,
}

/// Starts a process. Wine 8 now and then cannot while others start (error 1359, "internal
/// error"), which says nothing of the program.
fn spawn(command: &mut Command) -> io::Result<Child> {
    const INTERNAL_ERROR: i32 = 1359;
    #[cfg(unix)]
    super::unix::have_usual_signals();
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
        let Cmd { mut command, text, input, output } = cmd;
        if !matches!(input, Input::Given) {
            command.stdin(Stdio::piped());
        }
        if !matches!(output, Output::Given) {
            command.stdout(Stdio::piped());
        }
        command.stderr(Stdio::piped());
        let mut child = spawn(&mut command).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut stdin = child.stdin.take();
        if let Input::Bytes(bytes) = input {
            let mut stdin = stdin.take().expect("stdin is a pipe");
            thread::spawn(move || {
                // Who does not read everything says so by other means.
                let _ = stdin.write_all(&bytes);
            });
        }
        let mut unread = child.stdout.take();
        let stdout = match output {
            Output::Collected => unread.take().map(Collected::from),
            Output::Unread | Output::Given => None,
        };
        Self {
            text,
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

    /// Writes to its input.
    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let mut stdin = self.stdin.take().expect("open input");
        let bytes = bytes.as_ref().to_owned();
        let written = within_the_deadline(move || stdin.write_all(&bytes).map(|()| stdin));
        match written {
            Some(Ok(stdin)) => self.stdin = Some(stdin),
            Some(Err(error)) => panic!("cannot write to its input: {error}\n{}", self.report()),
            None => panic!("it does not take its input\n{}", self.report()),
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

    /// Waits for exactly these bytes on its output.
    #[track_caller]
    pub(crate) fn wait_for_output(&self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        if !self.stdout.wait_for(|so_far| so_far.len() >= bytes.len())
            || self.stdout.so_far() != bytes
        {
            panic!("no output of {:?}\n{}", String::from_utf8_lossy(bytes), self.report());
        }
    }

    /// Waits for the end of its output, and checks all of it.
    #[track_caller]
    pub(crate) fn wait_for_end_of_output(&self, bytes: impl AsRef<[u8]>) {
        if !self.stdout.wait_for_end() || self.stdout.so_far() != bytes.as_ref() {
            panic!("not all of the output and its end\n{}", self.report());
        }
    }

    /// Waits for a text on stderr.
    #[track_caller]
    pub(crate) fn wait_for_message(&self, text: &str) {
        if !self.stderr.wait_for(|bytes| String::from_utf8_lossy(bytes).contains(text)) {
            panic!("no message `{text}`\n{}", self.report());
        }
    }

    /// Where it listens, as it says so itself with `-v`.
    #[track_caller]
    pub(crate) fn place(&self) -> String {
        self.wait_for_message("listening on ");
        let log = String::from_utf8(self.stderr.so_far()).unwrap();
        let (_, rest) = log.split_once("listening on ").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended by itself. Its input stays as it is.
    #[track_caller]
    pub(crate) fn end(mut self) -> Outcome {
        let Some(status) = self.wait(DEADLINE) else {
            panic!("it has not ended within {DEADLINE:?}\n{}", self.report());
        };
        if !self.stderr.wait_for_end() || !self.stdout.wait_for_end() {
            panic!("it has ended, and its output has not\n{}", self.report());
        }
        Outcome {
            text: self.text.clone(),
            status,
            stdout: self.stdout.so_far(),
            stderr: String::from_utf8_lossy(&self.stderr.so_far()).into_owned(),
        }
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

    fn report(&self) -> String {
        let status = "running or not waited for";
        super::outcome::report(&self.text, status, &self.stdout.so_far(), &self.stderr.so_far())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if it has ended, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
