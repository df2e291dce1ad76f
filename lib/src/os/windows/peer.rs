//! Who is at the other end.

use super::{
    connection::Connection,
    impersonation::ImpersonationGuard,
    pipe_end::PipeEnd,
    sid::Sid,
    stream::Stream,
    token::{self, Token},
};
use crate::PeerCreds;
use std::io;

/// What the system tells about the process that connected, or that made the pipe.
pub(super) fn creds(stream: &Connection) -> io::Result<PeerCreds> {
    let pid = stream.pipe.process_of(stream.peer_end())?;
    Ok(PeerCreds { pid: Some(pid) })
}

/// The user that the peer runs as.
pub(super) fn user(stream: &Connection) -> io::Result<Sid> {
    match stream.peer_end() {
        PipeEnd::Client => token::user(&Token::of_client(&stream.pipe)?),
        PipeEnd::Server => {
            token::user(&Token::of_process(stream.pipe.process_of(PipeEnd::Server)?)?)
        }
    }
}

/// The same for the synchronous stream and the asynchronous one.
macro_rules! peer_methods {
    ($stream:ty) => {
        /// Who the ends of the pipe belong to.
        ///
        /// The numbers are those of the processes that made the pipe and that connected, as the
        /// system has noted them then. Such a process may have ended and its number may be
        /// another's, or it may have handed its end to another process. They are good for logs;
        /// whom to trust is what [`peer_user`](Self::peer_user) tells.
        impl $stream {
            /// Whether this is the end that listened.
            #[must_use]
            pub fn is_server(&self) -> bool {
                self.connection().info.is_server
            }

            /// Whether this is the end that connected.
            #[must_use]
            pub fn is_client(&self) -> bool {
                !self.is_server()
            }

            /// The number of the process at the other end.
            ///
            /// # Errors
            /// Whatever the system says.
            pub fn peer_process_id(&self) -> io::Result<u32> {
                self.connection().pipe.process_of(self.connection().peer_end())
            }

            /// The number of the process that connected.
            ///
            /// # Errors
            /// Whatever `GetNamedPipeClientProcessId` says.
            pub fn client_process_id(&self) -> io::Result<u32> {
                self.connection().pipe.process_of(PipeEnd::Client)
            }

            /// The number of the process that made the pipe.
            ///
            /// # Errors
            /// Whatever `GetNamedPipeServerProcessId` says.
            pub fn server_process_id(&self) -> io::Result<u32> {
                self.connection().pipe.process_of(PipeEnd::Server)
            }

            /// The session (of Remote Desktop Services) of the process at the other end.
            ///
            /// # Errors
            /// Whatever the system says.
            pub fn peer_session_id(&self) -> io::Result<u32> {
                self.connection().pipe.session_of(self.connection().peer_end())
            }

            /// The session of the process that connected.
            ///
            /// # Errors
            /// Whatever `GetNamedPipeClientSessionId` says.
            pub fn client_session_id(&self) -> io::Result<u32> {
                self.connection().pipe.session_of(PipeEnd::Client)
            }

            /// The session of the process that made the pipe.
            ///
            /// # Errors
            /// Whatever `GetNamedPipeServerSessionId` says.
            pub fn server_session_id(&self) -> io::Result<u32> {
                self.connection().pipe.session_of(PipeEnd::Server)
            }

            /// The user that the peer runs as.
            ///
            /// On the server's end it is the client as it was when it connected, by its token and
            /// not by its process's number, which clients can forge. On the client's end it is
            /// the process of the server's number, as it is now.
            ///
            /// # Errors
            /// Whatever the system says. On the server's end that is `ERROR_CANT_OPEN_ANONYMOUS`
            /// for clients that do not let themselves be identified, and
            /// `ERROR_CANNOT_IMPERSONATE` for those of other libraries of which nothing has been
            /// read yet; clients of this one can be identified at once. On the client's end it is
            /// `PermissionDenied` where this process may not ask about the server's.
            pub fn peer_user(&self) -> io::Result<Sid> {
                user(self.connection())
            }

            /// Lets this thread act as the client, until the guard is dropped: files that it
            /// opens, for example, are opened with the client's rights.
            ///
            /// How far that goes is the client's choice (`SECURITY_QUALITY_OF_SERVICE`). Clients
            /// of this library allow to be identified, and no more: the thread can check their
            /// rights, and what it tries to open fails with `ERROR_BAD_IMPERSONATION_LEVEL`.
            ///
            /// # Errors
            /// `Unsupported` on the client's end. Whatever [`ImpersonateNamedPipeClient`][doc]
            /// says; `ERROR_CANNOT_IMPERSONATE` as in [`peer_user`](Self::peer_user).
            ///
            /// [doc]: https://learn.microsoft.com/en-us/windows/win32/api/namedpipeapi/nf-namedpipeapi-impersonatenamedpipeclient
            pub fn impersonate_client(&self) -> io::Result<ImpersonationGuard> {
                if self.is_client() {
                    let text = "only the server's end of a pipe can act as its client";
                    return Err(io::Error::new(io::ErrorKind::Unsupported, text));
                }
                ImpersonationGuard::of_client(&self.connection().pipe)
            }
        }
    };
}
peer_methods!(Stream);
#[cfg(feature = "tokio")]
peer_methods!(super::tokio::Stream);

impl Connection {
    fn peer_end(&self) -> PipeEnd {
        if self.info.is_server { PipeEnd::Client } else { PipeEnd::Server }
    }
}
