//! `--detach`: the tap is a process of its own, so that this one can end while connections are open.

use crate::{
    diag::{self, Failure, Outcome},
    inspect::tap::KEEPER_COMMAND,
    system::{Keeper, signals},
};
use std::{
    env,
    ffi::OsString,
    iter,
    sync::{Arc, Mutex, PoisonError},
};

/// What has happened so far.
#[derive(Copy, Clone, Debug, Default)]
struct DetachProgress {
    signal: Option<i32>,
    /// Whether the name was given back to its server.
    is_released: bool,
}

/// Runs the tap in another process until a signal, or until it has ended. After a signal this process
/// ends as soon as the name was given back; the other one serves the open connections to their end.
pub(super) fn run() -> Result<Outcome, Failure> {
    let args = env::args_os().skip(1);
    let keeper = Keeper::start(iter::once(OsString::from(KEEPER_COMMAND)).chain(args))
        .map_err(|error| Failure::Io { what: "cannot start the process of the tap", error })?;
    let progress = Arc::<Mutex<DetachProgress>>::default();
    let (seen, release) = (Arc::clone(&progress), keeper.release());
    signals::on_termination(move |signal| {
        let mut progress = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.is_released || progress.signal.replace(signal).is_some() {
            die(signal);
        }
        release.ask();
    })
    .map_err(|error| Failure::Io { what: "cannot watch for signals", error })?;
    let is_released = keeper.wait_until_released();
    let mut so_far = progress.lock().unwrap_or_else(PoisonError::into_inner);
    so_far.is_released = is_released;
    if let Some(signal) = so_far.signal {
        die(signal);
    }
    drop(so_far);
    // The tap has ended by itself, and has said why.
    let status = keeper
        .status()
        .map_err(|error| Failure::Io { what: "cannot wait for the process of the tap", error })?;
    Ok(Outcome::Command(status))
}

fn die(signal: i32) -> ! {
    diag::flush();
    signals::die(signal)
}
