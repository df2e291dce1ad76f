//! The file of `--ready-file`, which exists while clients can connect.

use crate::{
    diag::{Failure, USAGE},
    system::{output, signals::BlockedSignals},
};
use local_socket::error::reason;
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tempfile::NamedTempFile;

/// The file of `--ready-file`, if it was given. Clones are the same file.
///
/// The file is complete as soon as it exists: a temporary file is renamed to its name. The file of an
/// earlier run stays until then: the start can still fail, or be ended by a signal, and that file may
/// belong to the server that uses the name of the listener. The file is removed with the name of the
/// listener, unless another process has replaced it meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct ReadyFile(Option<Arc<ReadyFileShared>>);

#[derive(Debug)]
struct ReadyFileShared {
    /// The path as typed.
    path: PathBuf,
    state: Mutex<ReadyFileState>,
}

#[derive(Debug)]
enum ReadyFileState {
    /// Clients cannot connect yet.
    Expected,
    /// The file exists.
    Written(WrittenFile),
    /// The listener has ended, or ends.
    Withdrawn,
}

impl ReadyFile {
    /// Checks that the file can be written. Changes nothing.
    ///
    /// # Errors
    /// `Advised`, with the status of wrong usage, if the path is something else than a regular file,
    /// the file cannot be written to, or its folder does not exist or cannot be written to.
    pub(crate) fn new(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self(None)) };
        check(path).map_err(|problem| problem.failure(path))?;
        let state = Mutex::new(ReadyFileState::Expected);
        Ok(Self(Some(Arc::new(ReadyFileShared { path: path.to_owned(), state }))))
    }

    /// Writes the endpoint and a newline, unless the file was withdrawn before.
    ///
    /// # Errors
    /// `Output`.
    pub(crate) fn write(&self, endpoint: &str) -> Result<(), Failure> {
        let Some(shared) = &self.0 else { return Ok(()) };
        let mut state = shared.state();
        if matches!(*state, ReadyFileState::Withdrawn) {
            return Ok(());
        }
        let file = WrittenFile::create(&shared.path, endpoint)
            .map_err(|error| Failure::Output { path: shared.path.clone(), error })?;
        *state = ReadyFileState::Written(file);
        Ok(())
    }

    /// Removes the file before the name of the listener is removed.
    pub(crate) fn withdraw(&self) {
        if let Some(shared) = &self.0 {
            let state = std::mem::replace(&mut *shared.state(), ReadyFileState::Withdrawn);
            shared.remove(state);
        }
    }
}

impl ReadyFileShared {
    fn state(&self) -> MutexGuard<'_, ReadyFileState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, state: ReadyFileState) {
        if let ReadyFileState::Written(file) = state
            && file.is_at(&self.path)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!("cannot remove {}: {}", self.path.display(), reason(&error));
        }
    }
}

impl Drop for ReadyFileShared {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *self.state(), ReadyFileState::Withdrawn);
        self.remove(state);
    }
}

/// Checks that the file can be replaced.
fn check(path: &Path) -> Result<(), PathProblem> {
    let exists = PathProblem::at(path)?;
    {
        // The folder must be writable in any case. A signal would leave the temporary file.
        let _held = BlockedSignals::new();
        temporary(path)?;
    }
    if exists {
        // A rename would replace a file without write permission as well.
        OpenOptions::new().write(true).open(path).map_err(PathProblem::NotWritable)?;
    }
    Ok(())
}

/// The reason why a file cannot be written.
#[derive(Debug)]
enum PathProblem {
    /// The path is something else than a regular file.
    NotAFile(&'static str),
    /// The file of an earlier run cannot be written to.
    NotWritable(io::Error),
    /// The path or its folder cannot be used.
    Error(io::Error),
}

impl PathProblem {
    /// Returns whether there is a regular file at the path; otherwise there is nothing.
    fn at(path: &Path) -> Result<bool, Self> {
        let text = path.to_string_lossy();
        let is_folder = text.ends_with(['/', std::path::MAIN_SEPARATOR]) || text.ends_with("/.");
        if is_folder || path.file_name().is_none() {
            return Err(Self::NotAFile("it is a folder"));
        }
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => Ok(true),
            Ok(found) if found.is_dir() => Err(Self::NotAFile("it is a folder")),
            Ok(found) if found.is_symlink() => Err(Self::NotAFile("it is a symbolic link")),
            Ok(_) => Err(Self::NotAFile("it is not a regular file")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Self::Error(error)),
        }
    }

    fn failure(&self, path: &Path) -> Failure {
        let (why, hint) = match self {
            Self::NotAFile(what) => {
                (format!("{what}; only a regular file is replaced"), "choose another name")
            }
            Self::NotWritable(error) => {
                (format!("the file cannot be written to: {}", reason(error)), "choose another name")
            }
            Self::Error(error) => {
                let hint = match error.kind() {
                    ErrorKind::NotFound => "create the folder first",
                    _ => "choose a folder that you can write to",
                };
                (reason(error), hint)
            }
        };
        Failure::Advised {
            message: format!("cannot use {} for --ready-file: {why}", path.display()),
            hint: Some(hint.to_owned()),
            status: USAGE,
        }
    }
}

impl From<io::Error> for PathProblem {
    fn from(error: io::Error) -> Self {
        Self::Error(error)
    }
}

/// A file that this process has written. Content and time tell it from one that another process has
/// put in its place. No handle is open while it exists: Windows does not replace a file that is open.
#[derive(Debug)]
struct WrittenFile {
    text: String,
    modified: SystemTime,
}

impl WrittenFile {
    /// Creates a file with the endpoint in one step.
    fn create(path: &Path, endpoint: &str) -> io::Result<Self> {
        let text = format!("{endpoint}\n");
        let mut file = temporary(path)?;
        file.write_all(text.as_bytes())?;
        if let Err(PathProblem::NotAFile(what)) = PathProblem::at(path) {
            return Err(io::Error::new(ErrorKind::AlreadyExists, what));
        }
        // Closes it, which decides the time on Windows.
        let file = file.into_temp_path();
        let modified = fs::symlink_metadata(&file)?.modified()?;
        file.persist(path)?;
        Ok(Self { text, modified })
    }

    /// Returns whether the file at the path is this one.
    fn is_at(&self, path: &Path) -> bool {
        let is_same = |found: fs::Metadata| {
            // Reading something else, such as a FIFO, could block.
            found.is_file()
                && found.len() == self.text.len() as u64
                && found.modified().is_ok_and(|modified| modified == self.modified)
        };
        fs::symlink_metadata(path).is_ok_and(is_same)
            && fs::read(path).is_ok_and(|text| text == self.text.as_bytes())
    }
}

/// Creates a temporary file in the folder of the file, with the permissions of a new file.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lsock-ready-");
    if let Some(permissions) = output::usual_permissions() {
        builder.permissions(permissions);
    }
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Expects one file in the folder, with the text.
    fn expect(folder: &Path, text: &str) {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["ready"]);
        assert_eq!(fs::read_to_string(folder.join("ready")).unwrap(), text);
    }

    #[test]
    fn the_file_of_an_earlier_run_stays_until_clients_can_connect() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready");
        fs::write(&path, "earlier\n").unwrap();
        let ready_file = ReadyFile::new(Some(&path)).unwrap();
        expect(folder.path(), "earlier\n");
        // A signal before the file is written.
        ready_file.withdraw();
        ready_file.write("./s").unwrap();
        drop(ready_file);
        expect(folder.path(), "earlier\n");
        let ready_file = ReadyFile::new(Some(&path)).unwrap();
        ready_file.write("./s").unwrap();
        expect(folder.path(), "./s\n");
        ready_file.withdraw();
        assert!(!path.exists());
    }
}
