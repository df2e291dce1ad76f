//! Named pipes: local sockets on Windows.
//!
//! A [`Listener`] has a queue of pipe instances that clients can connect to; a [`Stream`] is one
//! end of an instance. All handles are overlapped: one thread can read while another writes, and
//! operations can have timeouts.
//!
//! # Unix domain sockets of Windows
//!
//! Windows 10 (build 17063) and later have stream sockets of the family `AF_UNIX` in Winsock. They
//! are not implemented here, because nothing in the tests of this library can run them: Wine has
//! them only in its later versions. A path such as `./a.sock` is no name on Windows, and an
//! implementation would give it this meaning. What it takes, and what has to be tried on Windows:
//!
//! - *Sockets.* `WSASocketW(AF_UNIX, SOCK_STREAM, 0)` with `WSA_FLAG_OVERLAPPED` and
//!   `WSA_FLAG_NO_HANDLE_INHERIT`, after `WSAStartup`. Whether the system has them is known from
//!   `WSAEAFNOSUPPORT`. There are no datagram or seqpacket sockets, no `socketpair` and no ancillary
//!   data, so no descriptors are passed. Of the asynchronous runtimes, tokio has no type for them:
//!   registration needs `\Device\Afd` as in mio, or blocking threads.
//! - *Addresses.* `sockaddr_un` has the family and 108 bytes of a path in UTF-8, with a zero byte at
//!   the end, and Win32 rules (drive letters, backslashes) apply to the path. Abstract names are in
//!   the documentation, but `connect` to one fails with `WSAEINVAL`: `@a` stays a pipe. A relative
//!   path is resolved against the working directory of the process.
//! - *Files.* `bind` creates a reparse point (`IO_REPARSE_TAG_AF_UNIX`). The usual `CreateFile` fails
//!   for it with `ERROR_CANT_ACCESS_FILE`; `FILE_FLAG_OPEN_REPARSE_POINT` opens it, for its identity
//!   (`GetFileInformationByHandleEx`, `FileIdInfo`) and for its security descriptor. `DeleteFileW`
//!   removes it. It stays when its server ends, and `bind` to a file that exists fails with
//!   `WSAEADDRINUSE`, or with `WSAEOPNOTSUPP` for a file of another kind. So the claim protocol
//!   of `os/unix` is needed (`listen`, `claim`, `bound`, `own_file`, `lock`): lock the folder, connect
//!   to see whether a server lives, remove what is stale, and remove at the end only the own file.
//!   `LockFileEx` on a file beside it takes the place of `flock` on the folder. A rename over the
//!   socket file, as `OnConflict::Replace` does, has to be tried. Only file systems that have
//!   reparse points (NTFS, ReFS) can hold such files.
//! - *Access.* There is no mode. `connect` needs the right to write to the file, and `bind` the right
//!   to create files in the folder. A descriptor cannot be given to `bind`: the file inherits the
//!   access control list of its folder, and a list that is set afterwards has to be in place before
//!   `listen`. `Access::CurrentUser` therefore means a folder of its own, or `SetNamedSecurityInfoW`
//!   between `bind` and `listen`.
//! - *Peers.* There are no credentials. `WSAIoctl` with `SIO_AF_UNIX_GETPEERPID` returns the process,
//!   whose token `os/windows/token.rs` can read; the process can have ended or be of another user
//!   by then, so that `--allow` cannot be decided by it.
//! - *End of file.* `shutdown(SD_SEND)` is a real half-close, so that none of the messages of zero
//!   bytes of the pipes are needed. `SO_LINGER`, what is lost when a server closes with unread bytes
//!   (`WSAECONNRESET`), and whether `shutdown` ends a call in another thread have to be tried.
//! - *Elsewhere.* Programs of WSL 1 can connect to these files, those of WSL 2 cannot. Standard input
//!   can be such a socket, which is read with `ReadFile` and an event.

#![allow(unsafe_code, reason = "system calls of Windows")]

mod access_rights;
mod account;
mod atomic_timeout;
mod background_operation;
#[cfg(feature = "tokio")]
mod completion_driver;
mod completion_port;
mod connect;
mod connection;
mod convert;
mod delivery;
mod drain;
mod empty_messages;
mod event;
mod impersonation;
mod instance_queue;
mod linger;
mod listen;
mod listener;
mod local_heap;
mod name;
mod operation;
mod operation_buffer;
mod os_str;
mod pair;
mod peer;
mod pipe;
mod pipe_end;
mod read;
pub mod security_descriptor;
mod settings;
mod sid;
mod stream;
mod timed_lock;
mod token;
#[cfg(feature = "tokio")]
pub mod tokio;
mod vectored;
mod wait_limit;
mod write;
mod write_gate;

#[cfg(test)]
mod tests;

pub(crate) use os_str::{os_string_from_bytes, strip_ascii_prefix};
pub(crate) use settings::ListenerSettings;
pub use {
    account::{Account, AccountKind},
    delivery::unread_by_peer,
    impersonation::ImpersonationGuard,
    listener::Listener,
    name::{NameExt, NamedPipe, PipeState},
    security_descriptor::{
        AsSecurityDescriptor, AsSecurityDescriptorExt, AsSecurityDescriptorMut,
        AsSecurityDescriptorMutExt, BorrowedSecurityDescriptor, MutBorrowedSecurityDescriptor,
        SecurityDescriptor,
    },
    settings::ListenerOptionsExt,
    sid::Sid,
    stream::{RecvHalf, SendHalf, Stream},
};
