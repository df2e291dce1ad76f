//! Searches folders for socket files that nobody has open.

use super::{
    ListQuery,
    row::{RowState, SocketEnd, SocketRow},
};
use crate::system::{
    socket_file::path_of_aside,
    socket_table::{ListedName, PathFinding, is_stale, owner_of_socket_file},
};
use std::{
    fs::{self, ReadDir},
    io,
    path::{self, Path, PathBuf},
};

/// What a search has found.
#[derive(Debug, Default)]
pub(crate) struct StaleFiles {
    pub(crate) rows: Vec<SocketRow>,
    /// Number of folders that could not be searched.
    pub(crate) closed_folders: usize,
    /// The names of servers beside which a tap has left a stale file.
    pub(crate) tapped: Vec<ListedName>,
    /// Number of socket files that this user may not connect to.
    pub(crate) unknown_files: usize,
}

/// Searches a folder and the folders in it. Symbolic links are not followed.
///
/// # Errors
/// An error of reading the folder itself.
pub(crate) fn find_stale(
    folder: &Path,
    query: &ListQuery,
    found: &mut StaleFiles,
) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?;
    let mut folder = path::absolute(folder)?;
    let mut folders = Vec::new();
    loop {
        for entry in entries.map_while(Result::ok) {
            let path = folder.join(entry.file_name());
            // An entry that is removed meanwhile is left out.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(path);
            } else if let Some(owner) = owner_of_socket_file(&path, kind) {
                found.add(path, owner, query);
            }
        }
        match found.next_folder(&mut folders) {
            Some(next) => (folder, entries) = next,
            None => return Ok(()),
        }
    }
}

impl StaleFiles {
    /// Opens the next folder that can be read.
    fn next_folder(&mut self, folders: &mut Vec<PathBuf>) -> Option<(PathBuf, ReadDir)> {
        while let Some(folder) = folders.pop() {
            match fs::read_dir(&folder) {
                Ok(entries) => return Some((folder, entries)),
                Err(error) => self.closed_folders += usize::from(!is_gone(&error)),
            }
        }
        None
    }

    /// Adds a socket file, if it is wanted and nobody has it open.
    fn add(&mut self, path: PathBuf, owner: u32, query: &ListQuery) {
        let name = ListedName::Path { path, finding: PathFinding::Found };
        if !query.is_match(&name) || query.user.is_some_and(|user| user != owner) {
            return;
        }
        let ListedName::Path { path, .. } = &name else { return };
        match is_stale(path) {
            Ok(true) => {
                self.tapped.extend(
                    path_of_aside(path)
                        .map(|path| ListedName::Path { path, finding: PathFinding::Found }),
                );
                let server = SocketEnd { inode: None, creator: Some(owner), processes: Vec::new() };
                self.rows.push(SocketRow {
                    state: RowState::Stale,
                    kind: None,
                    name: Some(name),
                    backlog: None,
                    clients: None,
                    server: Some(server),
                    client: None,
                    to_server: None,
                    to_client: None,
                    // Nobody has it open.
                    sees_all_processes: true,
                });
            }
            Ok(false) => {}
            Err(error) => self.unknown_files += usize::from(!is_gone(&error)),
        }
    }
}

/// Returns whether a file was removed before it could be examined.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
