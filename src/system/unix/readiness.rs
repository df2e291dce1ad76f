use crate::diag::Failure;
use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::{self, Write},
    os::{fd::OwnedFd, unix::net::UnixDatagram},
};

/// Whom to tell that clients can connect.
#[derive(Debug)]
pub(crate) struct Readiness {
    fd: Option<OwnedFd>,
}

impl Readiness {
    /// Takes the descriptor that the option names.
    pub(crate) fn new(number: Option<i32>) -> Result<Self, Failure> {
        let fd = number.map(lsock_startup::take).transpose().map_err(|error| {
            let number = number.unwrap_or_default();
            let reason = local_socket::error::reason(&error);
            Failure::Usage(format!("--ready-fd {number}: {reason}"))
        })?;
        Ok(Self { fd })
    }

    /// Tells them.
    pub(crate) fn tell(self) -> Result<(), Failure> {
        if let Some(fd) = self.fd {
            File::from(fd)
                .write_all(b"\n")
                .map_err(|error| Failure::Io { what: "cannot write to the --ready-fd", error })?;
        }
        if let Some(socket) = env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty())
            && let Err(error) = notify(&socket)
        {
            tracing::warn!(%error, "cannot tell NOTIFY_SOCKET that clients can connect");
        }
        Ok(())
    }
}

/// `sd_notify(3)`
fn notify(socket: &OsStr) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
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
