use super::{
    super::{
        bound::{self, bind_file},
        sys,
    },
    SocketFile,
};
use std::{
    io,
    os::{fd::AsFd as _, unix::net::UnixListener},
    path::Path,
};

/// Listens at a free path with a socket file that has the owner, group, mode, access control list and
/// SELinux label of another one, in place before anybody can connect. The file remains when the listener is closed.
/// On Linux the path may be longer than an address, but its last part may not have more than 80 bytes
/// then.
///
/// # Errors
/// `AddrInUse` if there is a file at the path, `PermissionDenied` if this process may not create
/// files there or may not give them this owner, group or label, `StorageFull`, or another error of `bind(2)`,
/// `chown(2)`, `chmod(2)`, `setxattr(2)` or `listen(2)`. The file that was created is removed then.
pub fn listen_like(path: &Path, like: &SocketFile) -> io::Result<(UnixListener, SocketFile)> {
    let socket = sys::stream_socket(false)?;
    bind_file(&socket, path)?;
    let file = SocketFile::at_path(path)?;
    let ready = if file.pinned.is_file_of(socket.as_fd()) {
        file.pinned.copy_permissions(path, &like.pinned).and_then(|()| {
            let listener = bound::start(socket, &crate::ListenerOptions::new())?;
            Ok((listener, SocketFile::at_path(path)?))
        })
    } else {
        // Another process has replaced the file already: it is not ours to remove.
        return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
    };
    if ready.is_err()
        && file.is_at(path).unwrap_or(false)
        && let Err(error) = rustix::fs::unlink(path)
    {
        tracing::debug!(?path, %error, "socket file not removed");
    }
    ready
}
