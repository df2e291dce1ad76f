use std::process::ExitStatus;

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(super) text: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert!(self.status.code() == Some(code), "not status {code}\n{}", self.report());
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.code(0)
    }

    /// It has ended well and had nothing to say.
    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        let outcome = self.ok();
        assert!(outcome.stderr.is_empty(), "stderr is not empty\n{}", outcome.report());
        outcome
    }

    #[track_caller]
    pub(crate) fn output(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let same = self.stdout.iter().zip(bytes).take_while(|(one, other)| one == other).count();
        assert!(
            self.stdout == bytes,
            "other output: {} bytes instead of {}, the same up to byte {same}\n{}",
            self.stdout.len(),
            bytes.len(),
            self.report()
        );
        self
    }

    /// What it has written to stdout, which is text.
    #[track_caller]
    pub(crate) fn stdout_text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap_or_else(|_| panic!("{}", self.report()))
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "it does not say `{text}`\n{}", self.report());
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "it says `{text}`\n{}", self.report());
        self
    }

    /// It failed with this status, one line of its own that says why, and at most a hint.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> Self {
        let outcome = self.code(code);
        let mut lines = outcome.stderr.lines();
        let is_fine = lines.next().is_some_and(|line| line.starts_with("lsock: "))
            && lines.next().is_none_or(|line| line.starts_with("hint: "))
            && lines.next().is_none()
            && outcome.stderr.ends_with('\n')
            && !outcome.stderr.chars().any(|c| c.is_control() && c != '\n')
            && !outcome.stderr.contains("Error {")
            && !outcome.stderr.contains("os error");
        assert!(is_fine, "not one line and a hint\n{}", outcome.report());
        outcome
    }

    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn died_of(self, signal: rustix::process::Signal) -> Self {
        use std::os::unix::process::ExitStatusExt;
        assert!(
            self.status.signal() == Some(signal.as_raw()),
            "not dead of {signal:?}\n{}",
            self.report()
        );
        self
    }

    pub(crate) fn report(&self) -> String {
        report(&self.text, &self.status.to_string(), &self.stdout, self.stderr.as_bytes())
    }
}

/// Everything that is known of a process.
pub(super) fn report(text: &str, status: &str, stdout: &[u8], stderr: &[u8]) -> String {
    let shown = |bytes: &[u8]| match std::str::from_utf8(&bytes[..bytes.len().min(4000)]) {
        Ok(text) => text.escape_debug().to_string().replace("\\n", "\n  ").replace("\\\"", "\""),
        Err(_) => "(no text)".to_owned(),
    };
    format!(
        "command: {text}\nstatus:  {status}\nstdout ({} bytes):\n  {}\nstderr:\n  {}",
        stdout.len(),
        shown(stdout),
        shown(stderr)
    )
}

/// Returns all numbers in a text.
pub(crate) fn numbers(text: &str) -> Vec<usize> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}
