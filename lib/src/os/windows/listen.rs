use super::{
    connect::local_path,
    instance_queue::InstanceQueue,
    pipe::{WidePath, code, wait_for_instance},
};
use crate::{
    ListenerOptions, Name,
    error::{Action, Obstacle, SocketError},
};
use std::io;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_FILE_EXISTS, ERROR_PIPE_BUSY,
};

/// Creates the pipe.
///
/// A pipe ends with its server, so there are no stale pipes, and a live server cannot be replaced.
/// All values of `OnConflict` have the same meaning.
pub(super) fn listen(options: &ListenerOptions<'_>) -> io::Result<(Name<'static>, InstanceQueue)> {
    let name = options.required_name()?;
    let made = local_path(name).and_then(|path| {
        if !name.as_bytes().starts_with(br"\\.\") {
            let text = "only clients can use a pipe of another machine";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        let security = options.system.security(options.access)?;
        // Windows refuses a second server (FILE_FLAG_FIRST_PIPE_INSTANCE), but Wine does not.
        // The check does not take an instance from the other server.
        if pipe_exists(&path) {
            return Err(in_use());
        }
        InstanceQueue::new(path, security).map_err(|error| match code(&error) {
            Some(
                ERROR_ACCESS_DENIED | ERROR_PIPE_BUSY | ERROR_ALREADY_EXISTS | ERROR_FILE_EXISTS,
            ) => io::Error::new(io::ErrorKind::AddrInUse, error),
            _ => error,
        })
    });
    match made {
        Ok(queue) => Ok((name.clone().into_owned(), queue)),
        Err(error) => {
            let obstacle =
                (error.kind() == io::ErrorKind::AddrInUse).then_some(Obstacle::LiveServer(None));
            Err(SocketError::with_obstacle(Action::Bind, name, obstacle, error))
        }
    }
}

/// Returns whether a pipe with the path exists: an instance is free, or waiting for one times
/// out. All other errors mean that there is no pipe; the error numbers of Wine and Windows
/// differ.
fn pipe_exists(path: &WidePath) -> bool {
    wait_for_instance(path, 1).is_ok()
}

fn in_use() -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, "another server listens on the pipe")
}
