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
    time::{Duration, Instant},
};
use tokio::time;

/// Pause before the next attempt if no descriptors are left.
const PAUSE: Duration = Duration::from_millis(50);

/// A target that each client is connected to.
pub(crate) trait ConnectTarget: Debug + Display + Send + Sync {
    /// Connects, with retries as the policy allows. Only the given directions are used.
    fn connect(&self, retry_policy: RetryPolicy, directions: Directions) -> Dialling<'_>;

    /// Writes the line of `--explain`.
    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result;

    /// Returns whether descriptors can be sent with data (`SCM_RIGHTS`, `unix(7)`).
    fn carries_descriptors(&self) -> bool {
        false
    }
}

/// A connection to a target that is being made. Each stage of a connection is boxed, so that an
/// idle connection keeps only the memory of its last stage.
pub(crate) type Dialling<'a> = Pin<Box<dyn Future<Output = Result<Socket, Failure>> + Send + 'a>>;

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
    /// through `describe`. `name` is the name of a local socket.
    pub(super) async fn connect<T, A: Future<Output = io::Result<T>>>(
        self,
        attempt: impl Fn(&ConnectRetry) -> A,
        describe: impl Fn(io::Error) -> io::Error,
        name: Option<&Name<'_>>,
    ) -> Result<T, Failure> {
        let mut attempts = self.begin();
        loop {
            let pause = match attempt(&attempts).await {
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

    /// Returns the time limit of one attempt: `--timeout`, or what is left of `--wait`, whichever is
    /// less; `None` if there is no limit.
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
            self.pause = (self.pause * 2).min(Duration::from_millis(200));
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
                Failure::ConnectTimedOut { error, after: timeout, option: "--timeout" }
            }
            _ => {
                let file = name.filter(|_| is_absent).and_then(socket_file);
                Failure::Connect { file, error }
            }
        }
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

/// For `--explain`.
impl Display for RetryPolicy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let wait = match self.wait {
            Wait::Not => "no".to_owned(),
            Wait::AtMost(limit) => format!("at most {}", humantime::format_duration(limit)),
            Wait::ForEver => "as long as it takes".to_owned(),
        };
        writeln!(f, "wait for it  {wait}")?;
        let timeout = self.timeout.map_or("no limit".to_owned(), |timeout| {
            humantime::format_duration(timeout).to_string()
        });
        writeln!(f, "if busy      {timeout}")
    }
}
