//! How long a server is waited for, whatever thread or task waits.

use super::TcpAddress;
use crate::{
    cli,
    deadline::Deadline,
    diag::Failure,
    system::{Socket, has_too_much_open},
};
use local_socket::{ConnectWaitMode, Name};
use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, time};

/// How long to wait before connecting again when there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a server is waited for that is not there, or busy.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Patience {
    wait: Wait,
    timeout: Option<Duration>,
}

/// How long a server that is not there is waited for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Wait {
    Not,
    AtMost(Duration),
    ForEver,
}

/// The attempts to connect to one server.
#[derive(Debug)]
pub(crate) struct Attempts {
    patience: Patience,
    deadline: Deadline,
    pause: Duration,
}

impl Patience {
    /// Nobody is waited for who is not there; who is busy, as long as it takes.
    pub(crate) const NONE: Self = Self { wait: Wait::Not, timeout: None };

    /// As the options say.
    pub(crate) fn new(args: &cli::Connecting) -> Self {
        let wait = match args.wait {
            None => Wait::Not,
            Some(None) => Wait::ForEver,
            Some(Some(limit)) => Wait::AtMost(limit),
        };
        Self { wait, timeout: args.timeout }
    }

    /// Begins to try.
    pub(crate) fn begin(self) -> Attempts {
        let deadline = match self.wait {
            Wait::Not => Deadline::from_now(Duration::ZERO),
            Wait::AtMost(limit) => Deadline::from_now(limit),
            Wait::ForEver => Deadline::NEVER,
        };
        Attempts { patience: self, deadline, pause: Duration::from_millis(1) }
    }
}

impl Attempts {
    fn rest(&self) -> Option<Duration> {
        self.deadline.rest(Instant::now())
    }

    /// How long one attempt may take: a busy server is waited for as long as `--timeout`
    /// says; without it as long as is left of `--wait`, or else as long as it takes.
    pub(crate) fn limit(&self) -> Option<Duration> {
        let rest = self.rest().filter(|_| self.patience.wait != Wait::Not);
        let limit = [self.patience.timeout, rest].into_iter().flatten().min();
        limit.filter(|limit| Deadline::from_now(*limit) != Deadline::NEVER)
    }

    /// The same for a local socket.
    pub(crate) fn wait_mode(&self) -> ConnectWaitMode {
        self.limit().map_or(ConnectWaitMode::Unbounded, ConnectWaitMode::Timeout)
    }

    /// An attempt has failed: the time until the next one, or what it all came to.
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

    fn failure(&self, error: io::Error, name: Option<&Name<'_>>) -> Failure {
        let timed_out = error.kind() == ErrorKind::TimedOut;
        match (self.patience.wait, self.patience.timeout) {
            (Wait::AtMost(limit), timeout)
                if is_absent(&error)
                    || timed_out && timeout.is_none_or(|timeout| timeout > limit) =>
            {
                Failure::ConnectTimedOut { error, after: limit, option: "--wait" }
            }
            (_, Some(timeout)) if timed_out => {
                Failure::ConnectTimedOut { error, after: timeout, option: "--timeout" }
            }
            _ => {
                let file = name.filter(|_| is_absent(&error)).and_then(socket_file);
                Failure::Connect { file, error }
            }
        }
    }
}

/// Connects to a local socket, as often as the options say.
pub(crate) async fn dial(name: &Name<'static>, patience: Patience) -> Result<Socket, Failure> {
    let mut attempts = patience.begin();
    loop {
        let error = match Socket::connect(name.borrow(), attempts.wait_mode()).await {
            Ok(socket) => return Ok(socket),
            Err(error) => error,
        };
        time::sleep(pause(error, |error| attempts.failed(error, Some(name)))?).await;
    }
}

/// Connects to a TCP port, as often as the options say.
pub(crate) async fn dial_tcp(address: &TcpAddress, patience: Patience) -> Result<Socket, Failure> {
    let mut attempts = patience.begin();
    loop {
        let connect = async { TcpStream::connect(&*address.look_up().await?).await };
        let deadline = attempts.limit().map_or(Deadline::NEVER, Deadline::from_now);
        let connected = match deadline.instant() {
            Some(at) => time::timeout_at(at.into(), connect)
                .await
                .unwrap_or_else(|_| Err(io::Error::new(ErrorKind::TimedOut, "no answer in time"))),
            None => connect.await,
        };
        let error = match connected {
            Ok(stream) => {
                // Small messages are not to wait for more; without it they only take longer.
                let _ = stream.set_nodelay(true);
                return Ok(stream.into());
            }
            Err(error) => error,
        };
        let failed = |error| attempts.failed(address.error("connect to", &error), None);
        time::sleep(pause(error, failed)?).await;
    }
}

/// How long to wait before the next attempt. Where this process has too much open, that is
/// no attempt: it is tried until others have gone.
fn pause(
    error: io::Error,
    failed: impl FnOnce(io::Error) -> Result<Duration, Failure>,
) -> Result<Duration, Failure> {
    if has_too_much_open(&error) { Ok(PAUSE) } else { failed(error) }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// The socket file of this folder that a bare word may have meant.
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
impl Display for Patience {
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
