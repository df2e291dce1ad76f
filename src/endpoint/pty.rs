//! Terminals that programs open by a symbolic link (`pty:LINK`).

use super::{
    ClientSource, ConnectTarget, DialProgress, Dialling, ListenSource, RetryPolicy,
    retry::ConnectRetry,
};
use crate::{
    diag::{ABSENT, Failure, TIMED_OUT, escaped},
    system::{Detached, LinkedPty, ListenSettings},
};
use local_socket::{Directions, error::reason};
use std::{
    fmt::{self, Display, Formatter},
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub(super) const PREFIX: &str = "pty:";

const KIND: &str = "pseudo-terminal";

/// The path of a symbolic link as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PtyLink(String);

impl PtyLink {
    pub(super) fn parse(rest: Option<&str>) -> Result<Self, &'static str> {
        match rest.ok_or("it is not UTF-8")? {
            "" => Err("it takes the path of a symbolic link to make, such as pty:./tty"),
            path if path.contains('\0') => Err("it contains a NUL"),
            path if path.ends_with('/') => {
                Err("the path of a symbolic link does not end in a slash")
            }
            path if path == "~" || path.starts_with("~/") => {
                Err("the shell does not replace `~` after `pty:`: write \"pty:$HOME/FILE\"")
            }
            path => Ok(Self(path.to_owned())),
        }
    }

    fn path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// Returns whether both are the same link.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self == other || self.place().is_some_and(|place| Some(place) == other.place())
    }

    /// Returns the path with the folder that it leads to. The link itself is not followed.
    fn place(&self) -> Option<PathBuf> {
        let folder = self.path().parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        Some(folder.join(self.path().file_name()?))
    }

    /// Returns the failure of the terminal or of its link.
    fn failure(&self, error: &io::Error, can_replace: bool) -> Failure {
        let hint = match error.kind() {
            ErrorKind::AddrInUse if can_replace => {
                Some("--replace takes the link over, or choose another path")
            }
            ErrorKind::AddrInUse => Some("choose another path"),
            ErrorKind::AlreadyExists => {
                Some("choose another path; only a symbolic link to a terminal is replaced")
            }
            ErrorKind::NotFound => Some("create the folder first"),
            _ => None,
        };
        Failure::Advised {
            message: format!(
                "cannot make the terminal {}: {}",
                escaped(&self.to_string()),
                reason(error)
            ),
            hint: hint.map(str::to_owned),
            status: ABSENT,
        }
    }
}

impl Display for PtyLink {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

/// A terminal whose programs are the clients, one after another.
#[derive(Debug)]
pub(super) struct PtySource {
    link: PtyLink,
    pty: Arc<LinkedPty>,
}

impl PtySource {
    /// Checks the options of the listener.
    ///
    /// # Errors
    /// `Unsupported` for options of sockets, and where there are no such terminals; `Usage` for
    /// unknown users and groups.
    pub(super) fn new(link: PtyLink, settings: &ListenSettings) -> Result<Self, Failure> {
        let sddl = ("--sddl", settings.sddl.is_some());
        let users = [
            ("--allow", !settings.allow.is_empty()),
            ("--max-conns-per-user", settings.max_conns_per_user.is_some()),
        ];
        let pty = LinkedPty::new(link.path(), settings)?;
        let why = "only Windows has security descriptors; --mode says who may open the terminal";
        ListenSettings::refuse([sddl], why)?;
        let why = "the users of a terminal are not known; --mode says who may open it";
        ListenSettings::refuse(users, why)?;
        let many = [
            ("--backlog", settings.backlog.is_some()),
            ("--max-conns", settings.max_conns.is_some()),
        ];
        ListenSettings::refuse(many, "a terminal serves one program at a time")?;
        Ok(Self { link, pty: Arc::new(pty) })
    }
}

impl ListenSource for PtySource {
    fn explain(&self, f: &mut Formatter<'_>, settings: &ListenSettings) -> fmt::Result {
        let conflict =
            if settings.replace { "take over, also a live one" } else { "take over if stale" };
        writeln!(f, "listen on    {} ({})", escaped(&self.endpoint()), self.kind())?;
        writeln!(f, "if in use    {conflict}")?;
        match (settings.mode, &settings.owner, &settings.group) {
            (None, None, None) => writeln!(f, "serve        this user"),
            (None, ..) => writeln!(f, "serve        its owner"),
            (Some(mode), ..) => writeln!(f, "serve        whoever can open it (mode {mode:o})"),
        }
    }

    fn endpoint(&self) -> String {
        self.link.to_string()
    }

    fn kind(&self) -> String {
        KIND.to_owned()
    }

    fn is_terminal(&self) -> bool {
        true
    }

    fn open(&mut self) -> Result<ClientSource, Failure> {
        self.pty.open().map_err(|error| self.link.failure(&error, true))?;
        Ok(ClientSource::Terminal(Arc::clone(&self.pty)))
    }
}

/// A terminal whose program the clients are joined to, one at a time.
#[derive(Debug)]
pub(super) struct PtyTarget {
    link: PtyLink,
    pty: Arc<LinkedPty>,
}

impl PtyTarget {
    /// Returns the terminal, which only this user can open.
    ///
    /// # Errors
    /// `Unsupported` where there are no such terminals.
    pub(super) fn new(link: PtyLink) -> Result<Self, Failure> {
        let pty = LinkedPty::new(link.path(), &ListenSettings::default())?;
        Ok(Self { link, pty: Arc::new(pty) })
    }

    async fn opened_within(&self, limit: Option<Duration>) -> io::Result<Detached> {
        let session = self.pty.session();
        let Some(limit) = limit else { return session.await };
        let opened = tokio::time::timeout(limit, session).await;
        opened.unwrap_or_else(|_| {
            Err(io::Error::new(ErrorKind::TimedOut, "no program has opened the terminal"))
        })
    }
}

impl ConnectTarget for PtyTarget {
    fn open(&self) -> Result<(), Failure> {
        self.pty.open().map_err(|error| self.link.failure(&error, false))
    }

    fn close(&self) {
        self.pty.remove_link();
    }

    fn connect<'a>(
        &'a self,
        retry_policy: RetryPolicy,
        _: Directions,
        progress: &'a DialProgress,
    ) -> Dialling<'a> {
        let attempt = |state: &ConnectRetry| self.opened_within(state.limit());
        let describe = |error: io::Error| {
            let text = format!("cannot connect to {}: {}", self.link, reason(&error));
            io::Error::new(error.kind(), text)
        };
        Box::pin(async move {
            let socket = retry_policy.connect(attempt, describe, None, progress).await;
            let socket = socket.map_err(|failure| match failure {
                Failure::ConnectTimedOut { option, .. } => Failure::Advised {
                    message: failure.to_string(),
                    hint: Some(format!("a longer {option} gives a program more time to open it")),
                    status: TIMED_OUT,
                },
                failure => failure,
            });
            socket?
                .attach()
                .map_err(|error| Failure::Io { what: "cannot watch the connection", error })
        })
    }

    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let link = escaped(&self.link.to_string());
        writeln!(f, "connect to   {link} ({KIND}), when a program opens it")
    }

    fn explain_time(&self, f: &mut Formatter<'_>, retry_policy: RetryPolicy) -> fmt::Result {
        writeln!(f, "wait for it  {}", retry_policy.time())
    }

    fn waiting(&self, _: &DialProgress) -> String {
        format!("no program has opened {} yet", self.link)
    }

    fn is_terminal(&self) -> bool {
        true
    }
}

impl Display for PtyTarget {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.link)
    }
}
