use super::{
    connection::Connection,
    pipe::{Pipe, PipeInfo, WidePath, code, wait_for_instance},
    wait_limit::WaitLimit,
};
use crate::{
    ConnectOptions, ConnectWaitMode, Directions, Name, error::SocketError, name::NameKind,
};
use std::{io, sync::Arc, thread, time::Duration};
use windows_sys::Win32::Foundation::ERROR_PIPE_BUSY;

/// Maximum time of one `WaitNamedPipeW` call. If the last instance of the pipe is closed
/// meanwhile, Windows does not end the call, so the pipe has to be opened again from time to time.
const MAX_WAIT: Duration = Duration::from_millis(500);

pub(super) fn connect(options: &ConnectOptions<'_>) -> io::Result<Connection> {
    let name = options.required_name()?;
    connected(name, options)
        .map_err(|error| SocketError::of_connecting(name, options.directions, error))
}

fn connected(name: &Name<'_>, options: &ConnectOptions<'_>) -> io::Result<Connection> {
    let pipe = open(&local_path(name)?, options)?;
    named_client(pipe, name, options.nonblocking_stream)
}

/// Makes a connection of the client's end of the pipe with the given name.
pub(super) fn named_client(
    pipe: Pipe,
    name: &Name<'_>,
    nonblocking: bool,
) -> io::Result<Connection> {
    let info = pipe.info()?;
    client(pipe, info, Some(Arc::new(name.clone().into_owned())), nonblocking)
}

/// Makes a connection of the client's end of a pipe.
pub(super) fn client(
    pipe: Pipe,
    info: PipeInfo,
    name: Option<Arc<Name<'static>>>,
    nonblocking: bool,
) -> io::Result<Connection> {
    pipe.prepare_reading(info)?;
    Connection::new(pipe, info, name, nonblocking)
}

/// Returns the path of a name. It fails with `Unsupported` for names that are not pipes, which
/// `Name::parse_for` can create.
pub(super) fn local_path(name: &Name<'_>) -> io::Result<WidePath> {
    if name.kind != NameKind::Pipe {
        let text = format!("a {} is not available on this system", name.kind_text());
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    Ok(WidePath::new(&name.text))
}

/// Opens the pipe. It waits for a free instance as the options say.
fn open(path: &WidePath, options: &ConnectOptions<'_>) -> io::Result<Pipe> {
    let limit = wait_limit_of(options.wait_mode);
    loop {
        if let Some(pipe) = try_open(path, options.directions)? {
            return Ok(pipe);
        }
        wait_briefly(path, next_wait(limit, MAX_WAIT)?);
    }
}

pub(super) fn wait_limit_of(mode: ConnectWaitMode) -> WaitLimit {
    match mode {
        ConnectWaitMode::Deferred => WaitLimit::NoWait,
        ConnectWaitMode::Timeout(time) => WaitLimit::at_most(time),
        ConnectWaitMode::Unbounded => WaitLimit::Unlimited,
    }
}

/// Opens the pipe. Returns `None` if all instances are busy.
pub(super) fn try_open(path: &WidePath, directions: Directions) -> io::Result<Option<Pipe>> {
    match Pipe::open(path, directions) {
        Err(error) if code(&error) == Some(ERROR_PIPE_BUSY) => Ok(None),
        result => result.map(Some),
    }
}

/// Returns how long to wait before the next attempt, at most `longest`.
///
/// # Errors
/// `WouldBlock` or `TimedOut` if the time limit is over.
pub(super) fn next_wait(limit: WaitLimit, longest: Duration) -> io::Result<Duration> {
    if limit.is_over() {
        let text = "all instances of the pipe are busy";
        return Err(io::Error::new(limit.error().kind(), text));
    }
    Ok(limit.remaining().map_or(longest, |rest| rest.min(longest)))
}

pub(super) fn wait_briefly(path: &WidePath, time: Duration) {
    match wait_for_instance(path, WaitLimit::at_most(time).millis()) {
        // An instance is free, unless another client has taken it already.
        Ok(_) => {}
        // The next attempt to open the pipe returns the better error.
        Err(_) => thread::sleep(Duration::from_millis(1)),
    }
}
