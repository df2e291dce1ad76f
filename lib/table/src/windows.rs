use crate::{EntryName, EntryState, SocketEntry, SocketKind, TableSource};
use std::{fs, io};

/// The folder of all pipes.
const FOLDER: &str = r"\\.\pipe\";

/// Calls the function for each pipe of the system, if listening sockets are wanted. Only the name is
/// known: the process of a pipe can be asked for by a client only (`GetNamedPipeServerProcessId`).
///
/// # Errors
/// An error of listing the folder, for example because the system is Wine.
pub fn visit(states: &[EntryState], mut visit: impl FnMut(SocketEntry)) -> io::Result<TableSource> {
    if states.contains(&EntryState::Listening) {
        for (inode, pipe) in (1..).zip(fs::read_dir(FOLDER)?) {
            let path = format!("{FOLDER}{}", pipe?.file_name().to_string_lossy());
            visit(SocketEntry {
                inode,
                kind: SocketKind::Stream,
                state: EntryState::Listening,
                name: Some(EntryName::Path(path.into_bytes())),
                file: None,
                uid: None,
                peer: None,
                queue: None,
            });
        }
    }
    Ok(TableSource::Pipes)
}
