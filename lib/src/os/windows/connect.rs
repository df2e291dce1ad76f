use super::{
    patience::Patience,
    pipe::{Info, Pipe, WidePath, code, wait_for_instance},
    shared::Shared,
};
use crate::{
    ConnectOptions, ConnectWaitMode, Name,
    error::{Action, SocketError},
    name::NameKind,
};
use std::{io, sync::Arc, thread, time::Duration};
use windows_sys::Win32::Foundation::ERROR_PIPE_BUSY;

/// The longest that the system is asked to wait in one go. After that it is looked
/// again whether there is a pipe at all: Windows lets waiters wait when it goes.
const ROUND: Duration = Duration::from_millis(500);

pub(super) fn connect(options: &ConnectOptions<'_>) -> io::Result<Shared> {
    let name = options.required_name()?;
    connected(name, options).map_err(|error| SocketError::wrap(Action::Connect, name, error))
}

fn connected(name: &Name<'_>, options: &ConnectOptions<'_>) -> io::Result<Shared> {
    let pipe = open(&local_path(name)?, options.wait_mode)?;
    named_client(pipe, name, options.nonblocking_stream)
}

/// Makes a stream of the client's end of the pipe of that name.
pub(super) fn named_client(pipe: Pipe, name: &Name<'_>, nonblocking: bool) -> io::Result<Shared> {
    let info = pipe.info()?;
    client(pipe, info, Some(Arc::new(name.clone().into_owned())), nonblocking)
}

/// Makes a stream of the client's end of a pipe.
pub(super) fn client(
    pipe: Pipe,
    info: Info,
    name: Option<Arc<Name<'static>>>,
    nonblocking: bool,
) -> io::Result<Shared> {
    if info.has_messages {
        pipe.read_by_messages()?;
    }
    Shared::new(pipe, info, name, nonblocking)
}

/// A name's path, if it is a pipe's at all: names of other platforms can be made too.
pub(super) fn local_path(name: &Name<'_>) -> io::Result<WidePath> {
    if name.kind != NameKind::Pipe {
        let text = format!("a {} is nothing that Windows has", name.kind_text());
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    Ok(WidePath::new(&name.text))
}

/// Opens the pipe, waiting for a free instance as the mode says.
fn open(path: &WidePath, mode: ConnectWaitMode) -> io::Result<Pipe> {
    let patience = patience_of(mode);
    loop {
        if let Some(pipe) = attempt(path)? {
            return Ok(pipe);
        }
        wait_a_round(path, round(patience, ROUND)?);
    }
}

pub(super) fn patience_of(mode: ConnectWaitMode) -> Patience {
    match mode {
        ConnectWaitMode::Deferred => Patience::Nothing,
        ConnectWaitMode::Timeout(time) => Patience::at_most(time),
        ConnectWaitMode::Unbounded => Patience::Forever,
    }
}

/// Opens the pipe; `None` if all instances are busy.
pub(super) fn attempt(path: &WidePath) -> io::Result<Option<Pipe>> {
    match Pipe::open(path) {
        Err(error) if code(&error) == Some(ERROR_PIPE_BUSY) => Ok(None),
        result => result.map(Some),
    }
}

/// How long to wait before the next attempt.
///
/// # Errors
/// If the patience is over.
pub(super) fn round(patience: Patience, longest: Duration) -> io::Result<Duration> {
    if patience.is_over() {
        let text = "all instances of the pipe are busy";
        return Err(io::Error::new(patience.error().kind(), text));
    }
    Ok(patience.rest().map_or(longest, |rest| rest.min(longest)))
}

pub(super) fn wait_a_round(path: &WidePath, time: Duration) {
    match wait_for_instance(path, Patience::at_most(time).millis()) {
        // One is free now, or was: others are waiting too.
        Ok(_) => {}
        // Opening says better than waiting what is wrong with the pipe.
        Err(_) => thread::sleep(Duration::from_millis(1)),
    }
}
