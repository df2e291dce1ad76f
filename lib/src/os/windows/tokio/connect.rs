//! Connects to a pipe without blocking the task.

use super::connection::AsyncConnection;
use crate::{
    ConnectOptions, Name,
    error::SocketError,
    os::{
        runtime,
        windows::{
            connect::{local_path, named_client, next_wait, try_open, wait_briefly, wait_limit_of},
            pipe::{Pipe, WidePath},
        },
    },
};
use ::tokio::runtime::Handle;
use std::{io, time::Duration};

/// Maximum time of one wait in tokio's threads for blocking calls. After the future was dropped a
/// wait can go on for this time, and it can delay the shutdown of a runtime by this time.
const MAX_WAIT: Duration = Duration::from_millis(50);

/// Connects as the options say.
pub(super) async fn connect(options: &ConnectOptions<'_>) -> io::Result<AsyncConnection> {
    runtime::required()?;
    let name = options.required_name()?;
    connected(name, options)
        .await
        .map_err(|error| SocketError::of_connecting(name, options.directions, error))
}

async fn connected(name: &Name<'_>, options: &ConnectOptions<'_>) -> io::Result<AsyncConnection> {
    let pipe = open(local_path(name)?, options).await?;
    AsyncConnection::attach(named_client(pipe, name, true)?)
}

async fn open(path: WidePath, options: &ConnectOptions<'_>) -> io::Result<Pipe> {
    let limit = wait_limit_of(options.wait_mode);
    loop {
        if let Some(pipe) = try_open(&path, options.directions)? {
            return Ok(pipe);
        }
        let (time, path) = (next_wait(limit, MAX_WAIT)?, path.clone());
        Handle::try_current()
            .map_err(io::Error::other)?
            .spawn_blocking(move || wait_briefly(&path, time))
            .await?;
    }
}
