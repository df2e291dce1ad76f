use crate::diag::Failure;
use rustix::{
    event::{PollFd, PollFlags},
    pipe::PIPE_BUF,
};
use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::{self, ErrorKind, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixDatagram,
    },
    thread,
};

/// The descriptor of `--ready-fd`, if it was given.
#[derive(Debug)]
pub(crate) struct Readiness {
    fd: Option<OwnedFd>,
}

impl Readiness {
    /// Takes the descriptor with the number.
    pub(crate) fn new(number: Option<i32>) -> Result<Self, Failure> {
        let fd = number.map(take).transpose().map_err(|error| {
            let number = number.unwrap_or_default();
            let reason = local_socket::error::reason(&error);
            Failure::Usage(format!("--ready-fd {number}: {reason}"))
        })?;
        Ok(Self { fd })
    }

    /// Reports that clients can connect to the endpoint. If that would block, a thread does it, and
    /// clients are served meanwhile.
    pub(crate) fn notify(self, endpoint: &str) -> Result<(), Failure> {
        const FAILED: &str = "cannot write to the descriptor of --ready-fd";
        if let Some(fd) = self.fd {
            let (file, text) = (File::from(fd), format!("{endpoint}\n"));
            if text.len() > PIPE_BUF || is_full(&file) {
                on_a_thread(FAILED, move || write_when_ready(&file, text.as_bytes()));
            } else {
                write_when_ready(&file, text.as_bytes())
                    .map_err(|error| Failure::Io { what: FAILED, error })?;
            }
        }
        if let Some(socket) = env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()) {
            const FAILED: &str = "cannot tell NOTIFY_SOCKET that clients can connect";
            match send_ready(&socket, false) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    on_a_thread(FAILED, move || send_ready(&socket, true));
                }
                Err(error) => warn(FAILED, &error),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

/// Takes the descriptor with the number. Standard output becomes `/dev/null`.
fn take(number: i32) -> io::Result<OwnedFd> {
    if number != 1 {
        return lsock_startup::take(number);
    }
    if lsock_startup::stdout_was_closed() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "standard output was closed"));
    }
    let fd = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
    Ok(fd)
}

/// Returns whether writing a line of at most [`PIPE_BUF`] bytes would block.
fn is_full(file: &File) -> bool {
    matches!(super::wait(&mut [PollFd::new(file, PollFlags::OUT)], Some(&super::NOW)), Ok(0))
}

/// Writes the text, and waits if the descriptor is non-blocking.
fn write_when_ready(mut file: &File, mut text: &[u8]) -> io::Result<()> {
    while !text.is_empty() {
        match file.write(text) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => text = &text[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                super::wait_for(file, PollFlags::OUT)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Runs an operation that may wait for another process on a thread. Logs a warning if it fails.
fn on_a_thread(failed: &'static str, notify: impl FnOnce() -> io::Result<()> + Send + 'static) {
    let notify = move || {
        if let Err(error) = notify() {
            warn(failed, &error);
        }
    };
    if let Err(error) = thread::Builder::new().name("readiness".to_owned()).spawn(notify) {
        tracing::warn!(%error, "{failed}: cannot start a thread");
    }
}

fn warn(failed: &str, error: &io::Error) {
    tracing::warn!("{failed}: {}", local_socket::error::reason(error));
}

/// Sends the message of `sd_notify(3)`. If the socket is full, it waits or fails with `WouldBlock`.
fn send_ready(socket: &OsStr, waits: bool) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    sender.set_nonblocking(!waits)?;
    #[cfg(target_os = "linux")]
    {
        use std::os::{
            linux::net::SocketAddrExt,
            unix::{ffi::OsStrExt, net::SocketAddr},
        };
        if let Some(name) = socket.as_bytes().strip_prefix(b"@") {
            let address = SocketAddr::from_abstract_name(name)?;
            return sender.send_to_addr(b"READY=1", &address).map(|_| ());
        }
    }
    sender.send_to(b"READY=1", socket).map(|_| ())
}
