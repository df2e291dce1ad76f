//! Names of local sockets: the kind without a prefix.

use super::{
    ClientSource, ConnectTarget, DialProgress, Dialling, EndpointKind, ForeignAddress, ForeignRole,
    ListenOn, ListenSocket, ListenSource, Meaning, NotAnEndpoint, RefusalReason, RetryPolicy,
    TOLD_AFTER, Target,
    listeners::{Listeners, OpenListener},
    retry::ConnectRetry,
    stdio,
};
use crate::{
    diag::{Failure, escaped},
    system::{
        Detached, ExpectedServer, HAS_SOCKET_FILES, ListenSettings, ServerUser, Socket, accounts,
        examine, examine_further,
        listening::{self, Allowed},
        search_elsewhere,
    },
};
use local_socket::{
    ConnectOptions, ConnectWaitMode, Directions, Listener, ListenerOptions, Name, OnConflict,
    Stream,
};
use std::{
    ffi::OsStr,
    fmt::{self, Display, Formatter},
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// Parses a NAME of the commands that take no other kind of endpoint.
///
/// # Errors
/// [`NotAnEndpoint`] if it is no name, or has the prefix of another kind.
pub(crate) fn parse_name(text: &OsStr) -> Result<Name<'static>, NotAnEndpoint> {
    let Some((kind, _)) = EndpointKind::of(text) else {
        return parse_unprefixed(text);
    };
    let why = match kind.prefix {
        stdio::TEXT => "that is standard input and output, not a local socket".to_owned(),
        prefix => format!("`{prefix}` is the beginning of an endpoint that is no local socket"),
    };
    let message = format!("invalid name `{}`: {why}", escaped(&text.to_string_lossy()));
    let own = |meaning| ForeignAddress { role: ForeignRole::Either, forks: false, meaning };
    let text = || text.to_string_lossy().into_owned();
    let address = match (Target::parse(text().as_ref()), ListenOn::parse(text().as_ref())) {
        (Ok(Target::Tcp(_)), _) => Some(own(Meaning::Tcp(text()))),
        (Ok(Target::Assuan(_)), _) => Some(own(Meaning::Assuan(text()))),
        (Ok(Target::Command(command)), _) => Some(own(Meaning::Command(command))),
        (Ok(Target::Pty(_)), _) => Some(own(Meaning::Pty(text()))),
        (Ok(Target::Stdio), _) => Some(own(Meaning::Stdio)),
        (_, Ok(ListenOn::Fd(_))) => Some(own(Meaning::Fd(text()))),
        (Err(error), _) => match error.reason() {
            RefusalReason::Foreign(address) => Some(address.clone()),
            RefusalReason::Name(_) | RefusalReason::Kind => None,
        },
        (Ok(Target::Name(_)), _) => None,
    };
    let reason = address.map_or(RefusalReason::Kind, RefusalReason::Foreign);
    Err(NotAnEndpoint::new(message, reason))
}

/// Parses a text without the prefix of another kind.
///
/// # Errors
/// [`NotAnEndpoint`] if it is no name, or an address of another program.
pub(super) fn parse_unprefixed(text: &OsStr) -> Result<Name<'static>, NotAnEndpoint> {
    match NotAnEndpoint::of_foreign(text) {
        Some(error) => Err(error),
        None => Ok(Name::parse(text)?.into_owned()),
    }
}

/// Returns whether both names are the same, or paths to the same file.
pub(super) fn are_same(one: &Name<'_>, other: &Name<'_>) -> bool {
    one == other || other.is_path() && is_file(one, Path::new(other.as_os_str()))
}

/// Returns whether the name is that of a socket file with this path.
fn is_file(name: &Name<'_>, path: &Path) -> bool {
    let file = || resolved(Path::new(name.as_os_str()));
    HAS_SOCKET_FILES && name.is_path() && resolved(path).is_some_and(|path| Some(path) == file())
}

/// Returns the path of a file without symbolic links. The file need not exist, its folder must.
fn resolved(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok().or_else(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        Some(folder.join(path.file_name()?))
    })
}

/// A local socket to listen on.
#[derive(Debug)]
pub(crate) struct NameSource {
    name: Name<'static>,
    options: ListenerOptions<'static>,
    allowed: Allowed,
}

impl NameSource {
    /// Checks the options of the listener.
    ///
    /// # Errors
    /// `Unsupported` for options that this system or this kind of name does not have, `Usage` for
    /// unknown users and groups, and if `--ready-file` names the socket file.
    pub(crate) fn new(name: Name<'static>, settings: &ListenSettings) -> Result<Self, Failure> {
        let conflict =
            if settings.replace { OnConflict::Replace } else { OnConflict::ReplaceStale };
        let options = ListenerOptions::new().name(name.clone()).on_conflict(conflict);
        let (options, allowed) = listening::options(options, &name, settings)?;
        if let Some(file) = settings.ready_file.as_deref().filter(|file| is_file(&name, file)) {
            let file = file.display();
            return Err(Failure::Usage(format!("--ready-file {file} is the socket itself")));
        }
        Ok(Self { name, options, allowed })
    }

    /// Returns the rules for clients.
    pub(crate) fn rules(&self) -> &Allowed {
        &self.allowed
    }

    /// Starts to listen, for blocking calls.
    ///
    /// # Errors
    /// `Bind`.
    pub(crate) fn listen(&self) -> Result<Listener, Failure> {
        self.options.clone().create_sync().map_err(|error| Failure::Bind(examine(error)))
    }
}

impl ListenSource for NameSource {
    fn explain(&self, f: &mut Formatter<'_>, settings: &ListenSettings) -> fmt::Result {
        let conflict =
            if settings.replace { "take over, also a live one" } else { "take over if stale" };
        writeln!(f, "listen on    {} ({})", self.name, self.kind())?;
        writeln!(f, "if in use    {conflict}")?;
        writeln!(f, "serve        {}", self.allowed)
    }

    fn endpoint(&self) -> String {
        self.name.to_string()
    }

    fn kind(&self) -> String {
        self.name.kind_text().to_string()
    }

    fn allowed(&self) -> Vec<Option<&Allowed>> {
        vec![Some(&self.allowed)]
    }

    fn warnings(&self, settings: &ListenSettings) -> Vec<String> {
        let name = &self.name;
        let unsafe_folder = listening::unsafe_folder(name)
            .map(|why| format!("{why}: they can replace {name} by another socket"));
        let keeps_out = self.allowed.is_kept_out(name, settings).then(|| {
            "--allow names users whom the mode of the socket file keeps out: \
             --mode 660 or 666 lets them connect"
                .to_owned()
        });
        unsafe_folder.into_iter().chain(keeps_out).collect()
    }

    fn open(&mut self) -> Result<ClientSource, Failure> {
        let socket = ListenSocket { address: self.endpoint(), allowed: Some(self.allowed.clone()) };
        let listener = OpenListener::local(self.listen()?, socket)?;
        Ok(ClientSource::Listeners(Listeners::new(vec![listener])))
    }
}

/// A local socket to connect to.
#[derive(Debug)]
pub(crate) struct NameTarget {
    name: Name<'static>,
    server: Option<ExpectedServer>,
}

impl NameTarget {
    /// Returns the target, whose server has to run as the user, if one is given.
    ///
    /// # Errors
    /// `Usage` and `Unsupported` for an unknown user.
    pub(crate) fn new(name: Name<'static>, user: Option<&ServerUser>) -> Result<Self, Failure> {
        Ok(Self { name, server: user.map(ExpectedServer::new).transpose()? })
    }

    /// Connects with blocking calls, with retries as the policy allows. Nothing is sent to a server
    /// of another user. If the server is absent or busy for [`TOLD_AFTER`], `tell` is called with a
    /// message, once for each of the two; without `tell` nobody has to be told, which saves the system calls for that time limit.
    ///
    /// # Errors
    /// `Connect` and `ConnectTimedOut`, or `ForeignServer` for a server of another user.
    pub(crate) fn connect_sync(
        &self,
        retry_policy: RetryPolicy,
        directions: Directions,
        mut tell: Option<&dyn Fn(&str)>,
    ) -> Result<Stream, Failure> {
        let mut attempts = retry_policy.begin();
        let options = self.options(directions);
        let (started, mut tell_absent) = (Instant::now(), tell);
        let stream = loop {
            match attempt(&options, attempts.limit(), &mut tell) {
                Ok(stream) => break stream,
                Err(error) => {
                    let pause = attempts.failed(error, Some(&self.name));
                    let pause = pause.map_err(search_elsewhere)?;
                    if let Some(told) = tell_absent.take_if(|_| started.elapsed() >= TOLD_AFTER) {
                        told(&format!("waiting: nobody listens on {} yet", self.name));
                    }
                    thread::sleep(pause);
                }
            }
        };
        if let Some(server) = &self.server {
            let checked = server.check(accounts::peer_of(&stream));
            checked.map_err(|refusal| server.failure(refusal, &self.name))?;
        }
        Ok(stream)
    }

    async fn connect_in_loop(
        &self,
        retry_policy: RetryPolicy,
        directions: Directions,
        progress: &DialProgress,
    ) -> Result<Socket, Failure> {
        let attempt = |state: &ConnectRetry| {
            Socket::connect(self.options(directions).wait_mode(state.wait_mode()))
        };
        let stream =
            retry_policy.connect(attempt, |error| error, Some(&self.name), progress).await?;
        if let Some(server) = &self.server
            && let Err(refusal) = server.check(accounts::peer_of(&stream))
        {
            return Err(server.failure_in_loop(refusal, &self.name).await);
        }
        Detached::for_loop(stream)
            .attach()
            .map_err(|error| Failure::Io { what: "cannot watch the connection", error })
    }

    fn options(&self, directions: Directions) -> ConnectOptions<'_> {
        ConnectOptions::new().name(self.name.borrow()).directions(directions)
    }

    pub(crate) fn name(&self) -> &Name<'static> {
        &self.name
    }
}

/// Connects within the limit. If the server is busy, it is told once.
fn attempt(
    options: &ConnectOptions<'_>,
    limit: Option<Duration>,
    tell: &mut Option<&dyn Fn(&str)>,
) -> io::Result<Stream> {
    let within = |limit: Option<Duration>| {
        let mode = limit.map_or(ConnectWaitMode::Unbounded, ConnectWaitMode::Timeout);
        options.clone().wait_mode(mode).connect_sync()
    };
    let Some(told) = tell.filter(|_| limit.is_none_or(|limit| limit > TOLD_AFTER)) else {
        return within(limit);
    };
    match within(Some(TOLD_AFTER)) {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            let mut busy = examine(error);
            examine_further(&mut busy);
            told(&busy.waiting());
            *tell = None;
            within(limit.map(|limit| limit - TOLD_AFTER))
        }
        result => result,
    }
}

/// Formats the name as typed.
impl Display for NameTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)
    }
}

impl ConnectTarget for NameTarget {
    fn connect<'a>(
        &'a self,
        retry_policy: RetryPolicy,
        directions: Directions,
        progress: &'a DialProgress,
    ) -> Dialling<'a> {
        Box::pin(self.connect_in_loop(retry_policy, directions, progress))
    }

    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "connect to   {} ({})", self.name, self.name.kind_text())?;
        self.server.as_ref().map_or(Ok(()), |server| write!(f, "{server}"))
    }

    fn reports_unread(&self) -> bool {
        true
    }

    fn carries_descriptors(&self) -> bool {
        true
    }
}
