//! From options to a socket that clients can connect to.
//!
//! The files of this task import each other in one direction: `listen` → `claim` → `bound` →
//! `own_file`, and `claim` → `lock`.

use super::{
    address::{NameAddresses, abstract_address},
    bound::{Bound, new_socket, start},
    bound_name::BoundName,
    claim::claim,
    holder,
    refusal::Refusal,
    runtime_dir,
    settings::mode_of,
};
use crate::{
    ListenerOptions, OnConflict,
    error::{Action, Obstacle, SocketError},
};
use std::{io, os::unix::net::UnixListener, path::Path};

/// Listens as the options say.
pub(super) fn listen(options: ListenerOptions<'_>) -> io::Result<(UnixListener, BoundName)> {
    let bound = bind(&options)?;
    Ok(BoundName::split(bound, options))
}

fn bind(options: &ListenerOptions<'_>) -> io::Result<Bound> {
    let name = options.required_name()?;
    if let Some(mode) = mode_of(options).filter(|mode| mode & !0o7777 != 0) {
        let text = format!("{mode:o} is no mode of a file: the highest is 7777");
        let error = io::Error::new(io::ErrorKind::InvalidInput, text);
        return Err(SocketError::with_obstacle(Action::Bind, name, None, error));
    }
    let result = match NameAddresses::of(name) {
        Err(error) => Err(error.into()),
        Ok(NameAddresses::Abstract(bytes)) => listen_abstract(bytes, options),
        Ok(NameAddresses::Files(paths)) => {
            let makes_folders = !name.is_path();
            listen_on_first(&paths, |path| listen_on_file(path, makes_folders, options))
        }
    };
    result.map_err(|refusal| {
        SocketError::with_obstacle(Action::Bind, name, refusal.obstacle, refusal.error)
    })
}

/// Returns the first success or the last error. It goes on to the next path only after errors that
/// [allow it](runtime_dir::try_next).
fn listen_on_first<P: AsRef<Path>>(
    paths: &[P],
    mut listen: impl FnMut(&Path) -> Result<Bound, Refusal>,
) -> Result<Bound, Refusal> {
    let mut result = Err(io::Error::from_raw_os_error(libc::ENOENT).into());
    for path in paths {
        result = listen(path.as_ref());
        match &result {
            Err(refusal) if runtime_dir::try_next(&refusal.error) => {}
            _ => break,
        }
    }
    result
}

fn listen_on_file(
    path: &Path,
    makes_folders: bool,
    options: &ListenerOptions<'_>,
) -> Result<Bound, Refusal> {
    if makes_folders {
        runtime_dir::make_folders(path)?;
    }
    match options.on_conflict {
        OnConflict::Fail => Bound::at_path(path, options, true),
        OnConflict::ReplaceStale | OnConflict::Replace => claim(path, options),
    }
}

fn listen_abstract(name: &[u8], options: &ListenerOptions<'_>) -> Result<Bound, Refusal> {
    let socket = new_socket(options)?;
    rustix::net::bind(&socket, &abstract_address(name)?).map_err(|error| Refusal {
        obstacle: (error == rustix::io::Errno::ADDRINUSE
            && options.on_conflict != OnConflict::Fail)
            .then(|| Obstacle::LiveServer(holder::of_abstract_name(name))),
        error: error.into(),
    })?;
    Ok(Bound { socket: start(socket, options)?, file: None })
}
