//! Servers of GnuPG (`assuan:PATH`), by the files that GnuPG uses in place of sockets on Windows, by
//! redirection files, and by their local sockets.

mod socket_file;

use self::socket_file::{AssuanSocketFile, NONCE};
use super::{ConnectTarget, DialProgress, Dialling, RetryPolicy, retry::ConnectRetry, tcp};
use crate::{
    diag::{AssuanError, AssuanProblem, SocketFailure, escaped},
    system::{Detached, HAS_SOCKET_FILES, Socket, examine, has_too_much_open},
};
use local_socket::{
    ConnectOptions, ConnectWaitMode, Directions, GenericFilePath, Name, Platform, ToFsName as _,
};
use std::{
    fmt::{self, Display, Formatter},
    fs,
    io::{self, ErrorKind},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

pub(super) const PREFIX: &str = "assuan:";

/// The reason to refuse a path in `~`, which no shell replaces after a colon.
const HOME: &str = match Platform::CURRENT {
    Platform::Windows => "`~` is not replaced by a folder: write the whole path",
    _ => "the shell does not replace `~` after `assuan:`: write \"assuan:$HOME/FILE\"",
};

/// The reason to refuse the name of a pipe, which has no file.
const PIPE: &str = match Platform::CURRENT {
    Platform::Windows => "it takes a file of GnuPG: leave out `assuan:` to connect to a pipe",
    _ => "it takes a file of GnuPG, and this is the name of a pipe of Windows",
};

/// The hint for `--server-user` with a file of GnuPG.
pub(super) const NO_USER: &str = match Platform::CURRENT {
    Platform::Windows => {
        "the file leads to a TCP port, of which the system reports no user; only who can read the \
         file has its nonce"
    }
    _ => {
        "the file leads to a TCP port, of which the system reports no user; the socket of gpg-agent \
         itself (`gpgconf --list-dirs agent-socket`) has one"
    }
};

/// The path of a socket file as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssuanPath(String);

/// What is at a path.
enum AssuanFinding {
    Server(AssuanServer),
    Redirection(PathBuf),
}

/// The server that a path leads to.
enum AssuanServer {
    Port { port: u16, nonce: [u8; NONCE] },
    LocalSocket(Name<'static>),
}

impl AssuanPath {
    pub(super) fn parse(rest: Option<&str>) -> Result<Self, &'static str> {
        match rest.ok_or("it is not UTF-8; a symbolic link can lead to the file")? {
            "" => Err("it takes the path of a socket file of GnuPG, such as assuan:./S.gpg-agent"),
            path if path.contains('\0') => Err("it contains a NUL"),
            path if is_pipe(path) => Err(PIPE),
            path if path == "~" || path.starts_with("~/") || path.starts_with(r"~\") => Err(HOME),
            path => Ok(Self(path.to_owned())),
        }
    }

    /// Returns the local socket that the path is, unless it is a file.
    pub(super) fn name(&self) -> Option<Name<'_>> {
        Path::new(&self.0).to_fs_name::<GenericFilePath>().ok()
    }

    /// Connects, and sends the nonce. The file is read anew each time: a server that is started
    /// again has another port and another nonce.
    async fn connect_within(&self, limit: Option<Duration>) -> io::Result<Socket> {
        let mut redirection = None;
        // A few small reads, for which the event loop can wait.
        let server = self.find(&mut redirection);
        let connected = match server {
            Ok(AssuanServer::LocalSocket(name)) => connect_to_name(name, limit).await,
            Ok(AssuanServer::Port { port, nonce }) => connect_to_port(port, nonce, limit).await,
            Err(problem) => Err(problem),
        };
        connected.map_err(|problem| match problem {
            // The retries look at the error of the system.
            AssuanProblem::Unreadable(error)
            | AssuanProblem::Tcp(error)
            | AssuanProblem::LocalSocket(SocketFailure { error, .. })
                if has_too_much_open(&error) =>
            {
                error
            }
            problem => AssuanError { endpoint: self.to_string(), redirection, problem }.into(),
        })
    }

    /// Finds the server that the path leads to. Sets `redirection` to the path in the file if the
    /// file is a redirection; that path is followed.
    fn find(&self, redirection: &mut Option<PathBuf>) -> Result<AssuanServer, AssuanProblem> {
        let path = match look_at(Path::new(&self.0))? {
            AssuanFinding::Server(server) => return Ok(server),
            AssuanFinding::Redirection(path) => redirection.insert(path),
        };
        match look_at(path)? {
            AssuanFinding::Server(server) => Ok(server),
            AssuanFinding::Redirection(_) => Err(AssuanProblem::SecondRedirection),
        }
    }
}

/// Returns whether a text is the name of a pipe of Windows, with slashes in either direction.
fn is_pipe(text: &str) -> bool {
    let text = text.replace('\\', "/").to_ascii_lowercase();
    ["//./pipe/", "//?/pipe/"].iter().any(|start| text.starts_with(start))
}

/// Finds out what is at a path.
fn look_at(path: &Path) -> Result<AssuanFinding, AssuanProblem> {
    let name = || path.to_owned().to_fs_name::<GenericFilePath>();
    // A redirection can lead to a pipe. It is not looked at: that would take an instance from a
    // client.
    if !HAS_SOCKET_FILES && let Ok(pipe) = name() {
        return Ok(AssuanFinding::Server(AssuanServer::LocalSocket(pipe)));
    }
    let metadata = fs::metadata(path).map_err(AssuanProblem::Unreadable)?;
    if metadata.is_dir() {
        return Err(AssuanProblem::Folder);
    }
    if HAS_SOCKET_FILES && !metadata.is_file() {
        let name = name().map_err(AssuanProblem::NotAName)?;
        return Ok(AssuanFinding::Server(AssuanServer::LocalSocket(name)));
    }
    Ok(match AssuanSocketFile::read(path)? {
        AssuanSocketFile::Port { port, nonce } => {
            AssuanFinding::Server(AssuanServer::Port { port, nonce })
        }
        AssuanSocketFile::Redirection(path) => AssuanFinding::Redirection(path.into()),
    })
}

async fn connect_to_name(
    name: Name<'static>,
    limit: Option<Duration>,
) -> Result<Socket, AssuanProblem> {
    let wait_mode = limit.map_or(ConnectWaitMode::Unbounded, ConnectWaitMode::Timeout);
    let connected = Socket::connect(ConnectOptions::new().name(name).wait_mode(wait_mode)).await;
    let attached = connected.and_then(|stream| Detached::for_loop(stream).attach());
    attached.map_err(|error| AssuanProblem::LocalSocket(examine(error)))
}

/// Connects, sends the nonce, and waits for the first byte of the server, with which the protocol
/// begins: a server closes if the nonce is not its own.
async fn connect_to_port(
    port: u16,
    nonce: [u8; NONCE],
    limit: Option<Duration>,
) -> Result<Socket, AssuanProblem> {
    let connect = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(&nonce).await?;
        tracing::debug!(port, "sent the nonce, waiting for the greeting");
        match stream.peek(&mut [0]).await? {
            0 => Err(ErrorKind::ConnectionAborted.into()),
            _ => stream.into_std(),
        }
    };
    tcp::connect(connect, limit).await.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => AssuanProblem::Stale(port),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            AssuanProblem::Refused(port)
        }
        _ => AssuanProblem::Tcp(error),
    })
}

impl ConnectTarget for AssuanPath {
    fn connect<'a>(
        &'a self,
        retry_policy: RetryPolicy,
        _: Directions,
        progress: &'a DialProgress,
    ) -> Dialling<'a> {
        let attempt = |state: &ConnectRetry| self.connect_within(state.limit());
        Box::pin(retry_policy.connect(attempt, |error| error, None, progress))
    }

    fn explain(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let path = escaped(&self.to_string());
        writeln!(f, "connect to   {path} (what it leads to is looked up for each client)")
    }
}

impl Display for AssuanPath {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}
