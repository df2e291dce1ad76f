//! Connecting with retries, and the policy for them.

use crate::{
    deadline::Deadline,
    diag::Failure,
    system::{Socket, examine, has_too_much_open},
};
use local_socket::{ConnectWaitMode, Directions, Name};
use std::{
    ffi::OsString,
    fmt::{self, Debug, Display, Formatter},
    io::{self, ErrorKind},
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};
use tokio::time;

/// The time after which a person at a terminal is told what is waited for.
pub(crate) const TOLD_AFTER: Duration = Duration::from_secs(1);

/// Pause before the next attempt if no descriptors are left.
const PAUSE: Duration = Duration::from_millis(50);

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// A target that each client is connected to.
pub(crate) trait ConnectTarget: Debug + Display + Send + Sync {
    /// Prepares the target for connections, in an event loop, before clients are accepted.
    ///
    /// # Errors
    /// Those of the kind of target.
    fn open(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Takes back what [`open`](Self::open) has made. No further connection is made.
    fn close(&self) {}

    /// Connects, with retries as the policy allows. Only the given directions are used.
    fn connect<'a>(
        &'a self,
        retry_policy: RetryPolicy,
        directions: Directions,
        progress: &'a DialProgress,
    ) -> Dialling<'a>;

    /// Writes the line of `--explain`.
    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result;

    /// Writes the lines of `--explain` about the time that connecting may take.
    fn explain_time(&self, f: &mut Formatter<'_>, retry_policy: RetryPolicy) -> fmt::Result {
        write!(f, "{retry_policy}")
    }

    /// Says what is waited for.
    fn waiting(&self, progress: &DialProgress) -> String {
        if progress.is_absent() {
            format!("nobody listens on {self} yet")
        } else {
            format!("{self} has not accepted the connection yet")
        }
    }

    /// Returns whether it is a terminal, which has one connection at a time.
    fn is_terminal(&self) -> bool {
        false
    }

    /// Returns whether the system reports what a server has not read when it closes.
    fn reports_unread(&self) -> bool {
        false
    }

    /// Returns whether descriptors can be sent with data (`SCM_RIGHTS`, `unix(7)`).
    fn carries_descriptors(&self) -> bool {
        false
    }
}

/// A connection to a target that is being made. Each stage of a connection is boxed, so that an
/// idle connection keeps only the memory of its last stage.
pub(crate) type Dialling<'a> = Pin<Box<dyn Future<Output = Result<Socket, Failure>> + Send + 'a>>;

/// What is known about a server during the attempts to connect to it.
#[derive(Debug, Default)]
pub(crate) struct DialProgress {
    is_absent: AtomicBool,
}

impl DialProgress {
    /// Returns whether nobody listened at the last completed attempt.
    fn is_absent(&self) -> bool {
        self.is_absent.load(Relaxed)
    }
}

/// Time limits for a server that is absent or busy.
#[derive(Copy, Clone, Debug)]
pub(crate) struct RetryPolicy {
    wait: Wait,
    timeout: Option<Duration>,
}

/// Time of retries while no server listens.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// No retry.
    Not,
    AtMost(Duration),
    ForEver,
}

/// The state of the attempts to connect to one server.
#[derive(Debug)]
pub(crate) struct ConnectRetry {
    retry_policy: RetryPolicy,
    deadline: Deadline,
    pause: Duration,
}

impl RetryPolicy {
    /// No retry if the server is absent; no limit if its backlog is full.
    pub(crate) const NONE: Self = Self { wait: Wait::Not, timeout: None };

    /// Returns the policy for an absent server (`wait`) and for the time of one attempt.
    pub(crate) fn new(wait: Wait, timeout: Option<Duration>) -> Self {
        Self { wait, timeout }
    }

    /// Returns the policy for the connection to the next server, after one has ended: it takes time
    /// until the next one listens, so without `--wait` it is waited for without limit.
    pub(crate) fn for_next_server(self) -> Self {
        let wait = if self.wait == Wait::Not { Wait::ForEver } else { self.wait };
        Self { wait, ..self }
    }

    /// Returns the only time limit of a target for which absent and busy are the same.
    pub(super) fn time(self) -> Wait {
        let wait = match self.wait {
            Wait::AtMost(limit) => Some(limit),
            Wait::Not | Wait::ForEver => None,
        };
        [wait, self.timeout].into_iter().flatten().min().map_or(Wait::ForEver, Wait::AtMost)
    }

    /// Writes the line of `--explain` about `--reconnect`.
    pub(crate) fn explain_reconnect(self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "reconnect    wait for the next server: {}", self.for_next_server().wait)
    }

    /// Starts the time limit, and returns the state of the attempts.
    pub(crate) fn begin(self) -> ConnectRetry {
        let deadline = match self.wait {
            Wait::Not => Deadline::from_now(Duration::ZERO),
            Wait::AtMost(limit) => Deadline::from_now(limit),
            Wait::ForEver => Deadline::NEVER,
        };
        ConnectRetry { retry_policy: self, deadline, pause: Duration::from_millis(1) }
    }

    /// Connects by `attempt`, again and again as the policy allows. The final error is passed
    /// through `describe`. `name` is the name of a local socket. `progress` is kept up to date.
    pub(super) async fn connect<T, A: Future<Output = io::Result<T>>>(
        self,
        attempt: impl Fn(&ConnectRetry) -> A,
        describe: impl Fn(io::Error) -> io::Error,
        name: Option<&Name<'_>>,
        progress: &DialProgress,
    ) -> Result<T, Failure> {
        let mut attempts = self.begin();
        loop {
            let result = attempt(&attempts).await;
            progress.is_absent.store(result.as_ref().is_err_and(is_absent), Relaxed);
            let pause = match result {
                Ok(socket) => return Ok(socket),
                // Not an attempt: it is repeated until other connections have ended.
                Err(error) if has_too_much_open(&error) => PAUSE,
                Err(error) => attempts.failed(describe(error), name)?,
            };
            time::sleep(pause).await;
        }
    }
}

impl ConnectRetry {
    fn rest(&self) -> Option<Duration> {
        self.deadline.rest(Instant::now())
    }

    /// Returns the time limit of one attempt: `--connect-timeout`, or what is left of `--wait`,
    /// whichever is less; `None` if there is no limit.
    pub(crate) fn limit(&self) -> Option<Duration> {
        let rest = self.rest().filter(|_| self.retry_policy.wait != Wait::Not);
        let limit = [self.retry_policy.timeout, rest].into_iter().flatten().min();
        limit.filter(|limit| Deadline::from_now(*limit) != Deadline::NEVER)
    }

    /// Returns the limit as the wait mode of a local socket.
    pub(crate) fn wait_mode(&self) -> ConnectWaitMode {
        self.limit().map_or(ConnectWaitMode::Unbounded, ConnectWaitMode::Timeout)
    }

    /// Records a failed attempt. Returns the time until the next attempt, or the final error.
    pub(crate) fn failed(
        &mut self,
        error: io::Error,
        name: Option<&Name<'_>>,
    ) -> Result<Duration, Failure> {
        let rest = self.rest();
        if is_absent(&error) && rest != Some(Duration::ZERO) {
            tracing::debug!(%error, "trying again");
            let pause = rest.map_or(self.pause, |rest| rest.min(self.pause));
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            return Ok(pause);
        }
        Err(self.failure(error, name))
    }

    /// Returns the failure of an attempt that is the last one.
    pub(crate) fn failure(&self, error: io::Error, name: Option<&Name<'_>>) -> Failure {
        let (is_absent, timed_out) = (is_absent(&error), error.kind() == ErrorKind::TimedOut);
        let error = examine(error);
        match (self.retry_policy.wait, self.retry_policy.timeout) {
            (Wait::AtMost(limit), timeout)
                if is_absent || timed_out && timeout.is_none_or(|timeout| timeout > limit) =>
            {
                Failure::ConnectTimedOut { error, after: limit, option: "--wait" }
            }
            (_, Some(timeout)) if timed_out => {
                Failure::ConnectTimedOut { error, after: timeout, option: "--connect-timeout" }
            }
            _ => {
                let file = name.filter(|_| is_absent).and_then(socket_file);
                Failure::Connect { file, error }
            }
        }
    }
}

/// Pauses before the connection to the next server, so that servers that end at once are no busy loop.
#[derive(Debug)]
pub(crate) struct ReconnectPause {
    next: Duration,
}

impl ReconnectPause {
    /// A server that ends closes its connections and its listener in any order. A connection that is
    /// made in between is lost.
    const FIRST: Duration = Duration::from_millis(20);

    /// A server that was connected for this time does not end at once.
    const LONG: Duration = Duration::from_secs(1);

    pub(crate) fn new() -> Self {
        Self { next: Self::FIRST }
    }

    /// Returns the pause after a connection that has lasted this long.
    pub(crate) fn after(&mut self, lasted: Duration) -> Duration {
        if lasted >= Self::LONG {
            self.next = Self::FIRST;
        }
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// Returns the socket file of this folder that a bare word may have meant.
fn socket_file(name: &Name<'_>) -> Option<Name<'static>> {
    if name.is_path() {
        return None;
    }
    let mut path = OsString::from("./");
    path.push(name.as_os_str());
    let metadata = std::fs::symlink_metadata(&path).ok()?;
    let is_other = !metadata.is_file() && !metadata.is_dir() && !metadata.is_symlink();
    is_other.then(|| Name::parse(&path).ok().map(Name::into_owned)).flatten()
}

impl Display for Wait {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Not => f.write_str("no"),
            Self::AtMost(limit) => write!(f, "at most {}", humantime::format_duration(*limit)),
            Self::ForEver => f.write_str("as long as it takes"),
        }
    }
}

/// For `--explain`.
impl Display for RetryPolicy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "wait for it  {}", self.wait)?;
        let timeout = self.timeout.map_or("no limit".to_owned(), |timeout| {
            humantime::format_duration(timeout).to_string()
        });
        writeln!(f, "if busy      {timeout}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_servers_end_at_once() {
        let mut pause = ReconnectPause::new();
        let pauses = [20, 40, 80, 160, 200, 200].map(Duration::from_millis);
        for next in pauses {
            assert_eq!(pause.after(Duration::from_millis(999)), next);
        }
        assert_eq!(pause.after(Duration::from_secs(1)), pauses[0]);
        assert_eq!(pause.after(Duration::ZERO), pauses[1]);
    }

    #[test]
    fn the_next_server_is_waited_for_as_long_as_the_first_one_or_without_limit() {
        for (first, next) in [
            (Wait::Not, Wait::ForEver),
            (Wait::ForEver, Wait::ForEver),
            (Wait::AtMost(PAUSE), Wait::AtMost(PAUSE)),
        ] {
            assert_eq!(RetryPolicy::new(first, Some(PAUSE)).for_next_server().wait, next);
        }
    }
}
