use super::{assert_bytes, hints};
use std::{
    collections::VecDeque,
    process::ExitStatus,
    sync::{Arc, Mutex},
    thread,
};

/// How a process ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(super) command_line: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    #[track_caller]
    fn check(&self, condition: bool, problem: &str) {
        assert!(condition, "{problem}\n{}", self.report());
    }

    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        self.check(self.status.code() == Some(code), &format!("status is not {code}"));
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.code(0)
    }

    /// Fails unless the status is 0 and stderr is empty.
    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        let outcome = self.ok();
        outcome.check(outcome.stderr.is_empty(), "stderr is not empty");
        outcome
    }

    #[track_caller]
    pub(crate) fn output(self, bytes: impl AsRef<[u8]>) -> Self {
        assert_bytes(&self.stdout, bytes.as_ref(), || self.report());
        self
    }

    /// Returns stdout, which has to be text.
    #[track_caller]
    pub(crate) fn stdout_text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap_or_else(|_| panic!("{}", self.report()))
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        self.check(self.stderr.contains(text), &format!("stderr lacks `{text}`"));
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Self {
        self.check(!self.stderr.contains(text), &format!("stderr contains `{text}`"));
        self
    }

    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        self.check(self.stdout_text().contains(text), &format!("stdout lacks `{text}`"));
        self
    }

    #[track_caller]
    pub(crate) fn prints_all<T: AsRef<str>>(self, texts: &[T]) -> Self {
        texts.iter().fold(self, |outcome, text| outcome.prints(text.as_ref()))
    }

    /// Fails unless the status is as given, and stderr is one line with the reason and at most
    /// one line with a hint, whose command lines lsock takes.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> Self {
        let outcome = self.code(code);
        let mut lines = outcome.stderr.lines();
        let is_well_formed = lines.next().is_some_and(|line| line.starts_with("lsock: "))
            && lines.next().is_none_or(|line| line.starts_with("hint: "))
            && lines.next().is_none()
            && outcome.stderr.ends_with('\n')
            && !outcome.stderr.chars().any(|c| c.is_control() && c != '\n')
            && !outcome.stderr.contains("Error {")
            && !outcome.stderr.contains("os error");
        outcome.check(is_well_formed, "stderr is not one line and a hint");
        if let Err(problem) = hints::check(&outcome.stderr) {
            outcome.check(false, &problem);
        }
        outcome
    }

    /// Returns the number before the text on stderr.
    #[track_caller]
    pub(crate) fn number_before(&self, text: &str) -> usize {
        let before = self.stderr.split_once(text).map(|(before, _)| before);
        let digits = before.and_then(|text| text.rsplit(|c: char| !c.is_ascii_digit()).next());
        let number = digits.and_then(|digits| digits.parse().ok());
        number.unwrap_or_else(|| panic!("no number before `{text}`\n{}", self.report()))
    }

    /// Returns how many bytes the report of a loss counts as lost and as delivered.
    #[track_caller]
    pub(crate) fn losses(&self) -> (usize, usize) {
        let delivered = ["sent", "received", "delivered"].map(|verb| format!(" bytes {verb})"));
        let delivered = delivered.iter().find(|text| self.stderr.contains(*text));
        let delivered = delivered.map_or(" bytes delivered)", String::as_str);
        (self.number_before(" bytes could not be delivered"), self.number_before(delivered))
    }

    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn died_of(self, signal: rustix::process::Signal) -> Self {
        use std::os::unix::process::ExitStatusExt;
        let is_cause = self.status.signal() == Some(signal.as_raw());
        self.check(is_cause, &format!("not killed by {signal:?}"));
        self
    }

    pub(crate) fn report(&self) -> String {
        let status = self.status.to_string();
        report(&self.command_line, &status, &self.stdout, self.stderr.as_bytes())
    }
}

/// Returns a description of a process for the message of a failed test.
pub(super) fn report(command_line: &str, status: &str, stdout: &[u8], stderr: &[u8]) -> String {
    let shown = |bytes: &[u8]| match std::str::from_utf8(&bytes[..bytes.len().min(4000)]) {
        Ok(text) => text.escape_debug().to_string().replace("\\n", "\n  ").replace("\\\"", "\""),
        Err(_) => "(not text)".to_owned(),
    };
    format!(
        "command: {command_line}\nstatus:  {status}\nstdout ({} bytes):\n  {}\nstderr:\n  {}",
        stdout.len(),
        shown(stdout),
        shown(stderr)
    )
}

/// Reports of the processes of a scene that ended last, printed if the test fails.
#[derive(Clone, Default)]
pub(super) struct Journal(Arc<Mutex<VecDeque<String>>>);

impl Journal {
    const LENGTH: usize = 3;

    pub(super) fn add(&self, outcome: &Outcome) {
        let mut reports = self.0.lock().unwrap();
        reports.push_back(outcome.report());
        if reports.len() > Self::LENGTH {
            reports.pop_front();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // The scene drops the last one.
        if thread::panicking()
            && let Some(reports) = Arc::get_mut(&mut self.0)
        {
            let reports = std::mem::take(reports.get_mut().unwrap());
            reports.iter().for_each(|report| eprintln!("ended before:\n{report}"));
        }
    }
}

/// Returns all numbers in a text.
pub(crate) fn numbers(text: &str) -> Vec<usize> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}
