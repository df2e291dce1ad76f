use super::{
    background_operation::BackgroundOperation,
    connect::client,
    connection::Connection,
    pipe::{Pipe, WidePath},
    security_descriptor::SecurityDescriptor,
    wait_limit::WaitLimit,
};
use crate::{Access, Directions};
use std::{
    ffi::OsStr,
    hash::{BuildHasher, RandomState},
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Creates a pipe and returns both ends. No other process can connect to it: it has one instance,
/// only this user may open it, and its name cannot be guessed.
pub(super) fn pair() -> io::Result<(Connection, Connection)> {
    let path = WidePath::new(OsStr::new(&unguessable_path()));
    let security = SecurityDescriptor::of_access(Access::CurrentUser)?;
    let server = Arc::new(Pipe::create_instance(&path, &security, true, 1)?);
    let client_end = Pipe::open(&path, Directions::Both)?;
    let mut listen = BackgroundOperation::new(Arc::clone(&server))?;
    listen.listen();
    listen.finish(WaitLimit::Unlimited).unwrap_or(Ok(0))?;
    drop(listen);
    let server = Arc::into_inner(server).ok_or(io::ErrorKind::Other)?;
    let server_info = server.info()?;
    let client_info = client_end.info()?;
    Ok((
        Connection::new(server, server_info, None, false)?,
        client(client_end, client_info, None, false)?,
    ))
}

/// Returns a new path with 128 random bits.
fn unguessable_path() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // std seeds its hashers with random keys from the system, which are secret.
    let [one, other] = [0, 1].map(|word: u64| RandomState::new().hash_one((count, word)));
    let pid = std::process::id();
    format!(r"\\.\pipe\local_socket.pair.{pid}.{count}.{one:016x}{other:016x}")
}
