use super::{
    command::Commands,
    completions,
    stdio::{Stdio, shows_progress},
};
use crate::{
    cli,
    diag::{Failure, Outcome, Terminal},
    endpoint::{self, Endpoint},
    pump,
};
use local_socket::{
    ConnectOptions, ConnectWaitMode, Name, PeerCreds, Stream, traits::StreamCommon as _,
};
use std::{
    ffi::OsString,
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// What `lsock connect` is going to do.
#[derive(Debug)]
struct Plan {
    name: Name<'static>,
    wait: Wait,
    timeout: Option<Duration>,
    options: pump::Options,
    endpoint: Endpoint,
    shows_progress: bool,
}

/// How long a server that is not there is waited for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Wait {
    Not,
    AtMost(Duration),
    ForEver,
}

/// Connects, and joins the connection to stdin and stdout or to a command.
pub(super) fn run(args: cli::Connect, terminal: Terminal) -> anyhow::Result<Outcome> {
    let explain = args.explain;
    let plan = Plan::new(args, terminal)?;
    if explain {
        return completions::print(plan.to_string().as_bytes());
    }
    match plan.endpoint.clone() {
        Endpoint::Stdio => plan.join_stdio(terminal),
        Endpoint::Command(command) => plan.join_command(command),
    }
}

impl Plan {
    fn new(args: cli::Connect, terminal: Terminal) -> Result<Self, Failure> {
        let shows_progress = shows_progress(&args.transfer, terminal);
        let endpoint = Endpoint::new(args.command);
        if shows_progress && !matches!(endpoint, Endpoint::Stdio) {
            return Err(Failure::Usage(
                "--progress goes with stdin and stdout, not with a command".into(),
            ));
        }
        Ok(Self {
            wait: match args.connecting.wait {
                None => Wait::Not,
                Some(None) => Wait::ForEver,
                Some(Some(limit)) => Wait::AtMost(limit),
            },
            timeout: args.connecting.timeout,
            options: pump::Options::new(&args.transfer)?,
            name: args.name,
            endpoint,
            shows_progress,
        })
    }

    fn join_stdio(self, terminal: Terminal) -> anyhow::Result<Outcome> {
        let (input, output) = endpoint::open_stdio()?;
        let stream = Arc::new(self.connect()?);
        let Self { options, shows_progress, .. } = self;
        let report = Stdio { input, output, options, shows_progress, terminal }.join(stream);
        report.failure().map_or(Ok(Outcome::Done), |failure| Err(failure.into()))
    }

    fn join_command(self, command: endpoint::Command) -> anyhow::Result<Outcome> {
        let stream = self.connect()?;
        let peer: Option<PeerCreds> = stream.peer_creds().ok();
        let commands = Commands { command, name: self.name, options: self.options };
        let stream = commands.become_it(stream, peer.as_ref())?;
        let status = commands.start(stream, peer.as_ref(), 1, None)?.wait()?;
        Ok(Outcome::Command(status))
    }

    /// Connects, as often as the options say.
    fn connect(&self) -> Result<Stream, Failure> {
        let deadline = match self.wait {
            Wait::Not => Some(Instant::now()),
            Wait::AtMost(limit) => Instant::now().checked_add(limit),
            Wait::ForEver => None,
        };
        let rest = || deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let mut pause = Duration::from_millis(1);
        loop {
            let error = match self.attempt(rest()) {
                Ok(stream) => {
                    tracing::info!("connected to {}", self.name);
                    return Ok(stream);
                }
                Err(error) => error,
            };
            let is_absent =
                matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
            match rest() {
                rest if is_absent && rest != Some(Duration::ZERO) => {
                    tracing::debug!(%error, "trying again");
                    thread::sleep(rest.map_or(pause, |rest| rest.min(pause)));
                    pause = (pause * 2).min(Duration::from_millis(200));
                }
                _ => return Err(self.failure(error)),
            }
        }
    }

    /// Connects once. A busy server is waited for as long as `--timeout` says; without it
    /// as long as is left of `--wait`, or else as long as it takes.
    fn attempt(&self, rest: Option<Duration>) -> io::Result<Stream> {
        let rest = rest.filter(|_| self.wait != Wait::Not);
        let limit = [self.timeout, rest].into_iter().flatten().min();
        let wait_mode = limit.map_or(ConnectWaitMode::Unbounded, ConnectWaitMode::Timeout);
        ConnectOptions::new().name(self.name.borrow()).wait_mode(wait_mode).connect_sync()
    }

    fn failure(&self, error: io::Error) -> Failure {
        let is_absent = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
        let timed_out = error.kind() == ErrorKind::TimedOut;
        match (self.wait, self.timeout) {
            (Wait::AtMost(limit), timeout)
                if is_absent || timed_out && timeout.is_none_or(|timeout| timeout > limit) =>
            {
                Failure::ConnectTimedOut { error, after: limit, option: "--wait" }
            }
            (_, Some(timeout)) if timed_out => {
                Failure::ConnectTimedOut { error, after: timeout, option: "--timeout" }
            }
            _ => Failure::Connect { file: is_absent.then(|| self.socket_file()).flatten(), error },
        }
    }

    /// The socket file of this folder that a bare word may have meant.
    fn socket_file(&self) -> Option<Name<'static>> {
        if self.name.is_path() {
            return None;
        }
        let mut path = OsString::from("./");
        path.push(self.name.as_os_str());
        let metadata = std::fs::symlink_metadata(&path).ok()?;
        let is_other = !metadata.is_file() && !metadata.is_dir() && !metadata.is_symlink();
        is_other.then(|| Name::parse(&path).ok().map(Name::into_owned)).flatten()
    }
}

/// For `--explain`.
impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "connect to   {} ({})", self.name, self.name.kind_text())?;
        let wait = match self.wait {
            Wait::Not => "no".to_owned(),
            Wait::AtMost(limit) => format!("at most {}", humantime::format_duration(limit)),
            Wait::ForEver => "as long as it takes".to_owned(),
        };
        writeln!(f, "wait for it  {wait}")?;
        let timeout = self.timeout.map_or("no limit".to_owned(), |timeout| {
            humantime::format_duration(timeout).to_string()
        });
        writeln!(f, "if busy      {timeout}")?;
        writeln!(f, "join to      {}", self.endpoint)?;
        write!(f, "{}", self.options)
    }
}
