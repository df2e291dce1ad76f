//! Process, session and user of the peer.

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

/// Returns the peer's process.
pub(super) fn creds(stream: &Connection) -> io::Result<PeerCreds> {
    let pid = stream.pipe.process_of(stream.peer_end())?;
    Ok(PeerCreds { pid: Some(pid) })
}

/// Returns the user that the peer runs as.
pub(super) fn user(stream: &Connection) -> io::Result<Sid> {
    match stream.peer_end() {
        PipeEnd::Client => token::user(&Token::of_client(&stream.pipe)?),
        PipeEnd::Server => {
            token::user(&Token::of_process(stream.pipe.process_of(PipeEnd::Server)?)?)
        }
    }
}

/// Implements the methods for a synchronous or asynchronous stream.
macro_rules! peer_methods {
    ($stream:ty) => {
        /// Processes and users at the ends of the pipe.
        ///
        /// The process identifiers are those of the processes that created the pipe and that
        /// connected, at that time. Such a process may have ended, its identifier may have been
        /// reused, or it may have passed its end of the pipe to another process. They are useful
        /// for logs. For decisions about access use [`peer_user`](Self::peer_user).
        impl $stream {
            /// Returns whether this is the server's end, which created the pipe.
            #[must_use]
            pub fn is_server(&self) -> bool {
                self.connection().info.is_server
            }

            /// Returns whether this is the client's end, which connected.
            #[must_use]
            pub fn is_client(&self) -> bool {
                !self.is_server()
            }

            /// Returns the identifier of the process at the other end.
            ///
            /// # Errors
            /// As [`client_process_id`](Self::client_process_id) on the server's end, as
            /// [`server_process_id`](Self::server_process_id) on the client's end.
            pub fn peer_process_id(&self) -> io::Result<u32> {
                self.connection().pipe.process_of(self.connection().peer_end())
            }

            /// Returns the identifier of the process that connected.
            ///
            /// # Errors
            /// An error of `GetNamedPipeClientProcessId`.
            pub fn client_process_id(&self) -> io::Result<u32> {
                self.connection().pipe.process_of(PipeEnd::Client)
            }

            /// Returns the identifier of the process that created the pipe.
            ///
            /// # Errors
            /// An error of `GetNamedPipeServerProcessId`.
            pub fn server_process_id(&self) -> io::Result<u32> {
                self.connection().pipe.process_of(PipeEnd::Server)
            }

            /// Returns the Remote Desktop Services session of the process at the other end.
            ///
            /// # Errors
            /// As [`client_session_id`](Self::client_session_id) on the server's end, as
            /// [`server_session_id`](Self::server_session_id) on the client's end.
            pub fn peer_session_id(&self) -> io::Result<u32> {
                self.connection().pipe.session_of(self.connection().peer_end())
            }

            /// Returns the Remote Desktop Services session of the process that connected.
            ///
            /// # Errors
            /// An error of `GetNamedPipeClientSessionId`.
            pub fn client_session_id(&self) -> io::Result<u32> {
                self.connection().pipe.session_of(PipeEnd::Client)
            }

            /// Returns the Remote Desktop Services session of the process that created the pipe.
            ///
            /// # Errors
            /// An error of `GetNamedPipeServerSessionId`.
            pub fn server_session_id(&self) -> io::Result<u32> {
                self.connection().pipe.session_of(PipeEnd::Server)
            }

            /// Returns the user that the peer runs as.
            ///
            /// On the server's end the result comes from the client's token at the time when it
            /// connected, not from its process identifier, which clients can forge. On the
            /// client's end it is the current user of the process with the server's identifier,
            /// which servers can forge: use [`pipe_owner`](Self::pipe_owner) to decide whether a
            /// server is trusted.
            ///
            /// # Errors
            /// On the server's end:
            /// - `ERROR_CANT_OPEN_ANONYMOUS` if the client does not allow identification.
            /// - `ERROR_CANNOT_IMPERSONATE` if nothing was read from the client yet and it uses
            ///   another library. Clients of this library can be identified at once.
            /// - Another error of `ImpersonateNamedPipeClient`, `OpenThreadToken` or
            ///   `GetTokenInformation`, or of starting a thread.
            ///
            /// On the client's end `PermissionDenied` if this process may not query the server's
            /// process, or another error of `OpenProcess`, `OpenProcessToken` or
            /// `GetTokenInformation`.
            pub fn peer_user(&self) -> io::Result<Sid> {
                user(self.connection())
            }

            /// Returns the owner of the pipe: by default the user that created its first instance,
            /// or the group of the administrators if that process ran with their rights (see
            /// [`Sid::default_owner`]). The listeners of this library make their user the owner.
            ///
            /// A process can make only its own user and some of its groups the owner of what it
            /// creates, unless it has SeRestorePrivilege. So a client that compares the owner with
            /// the expected account before it sends anything does not send it to a process of
            /// another account that has created the name first. `winpipe` of WireGuard and
            /// `PipeOptions.CurrentUserOnly` of .NET check the same. The owner is not proof if the
            /// security descriptor lets others create instances of the pipe
            /// (`FILE_CREATE_PIPE_INSTANCE`).
            ///
            /// # Errors
            /// An error of [`GetSecurityInfo`][doc].
            ///
            /// [doc]: https://learn.microsoft.com/en-us/windows/win32/api/aclapi/nf-aclapi-getsecurityinfo
            pub fn pipe_owner(&self) -> io::Result<Sid> {
                self.connection().pipe.owner()
            }

            /// Impersonates the client in this thread until the guard is dropped. For example,
            /// files are then opened with the client's rights.
            ///
            /// The client sets how far that goes (`SECURITY_QUALITY_OF_SERVICE`). Clients of this
            /// library allow identification only: the thread can check their rights, but opening
            /// an object fails with `ERROR_BAD_IMPERSONATION_LEVEL`.
            ///
            /// # Errors
            /// `Unsupported` on the client's end. `ERROR_CANNOT_IMPERSONATE` under the condition
            /// of [`peer_user`](Self::peer_user), or another error of
            /// [`ImpersonateNamedPipeClient`][doc].
            ///
            /// [doc]: https://learn.microsoft.com/en-us/windows/win32/api/namedpipeapi/nf-namedpipeapi-impersonatenamedpipeclient
            pub fn impersonate_client(&self) -> io::Result<ImpersonationGuard> {
                if self.is_client() {
                    let text = "only the server's end of a pipe can impersonate the client";
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
