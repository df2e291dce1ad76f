//! Files of traces and recordings.

use crate::{
    diag::{Failure, USAGE},
    system::output::{self, FileIdentity},
};
use local_socket::error::reason;
use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// A file that only this user can read, in which every write is whole or missing.
///
/// Traffic goes on if the file cannot be written, because its disk is full for example: that is one
/// warning, and the file ends before the write that failed.
#[derive(Debug)]
pub(super) struct PrivateFile {
    /// The path as typed.
    path: PathBuf,
    /// What is written, for the warning.
    what: &'static str,
    /// `None` after an error.
    file: Option<File>,
    has_begun: bool,
    /// Number of bytes that were written.
    size: u64,
}

impl PrivateFile {
    /// Opens a file. What it contains stays until [`begin`](Self::begin): the command may fail
    /// because a server that writes to the same file uses its name.
    ///
    /// # Errors
    /// `Advised`, with the status of wrong usage.
    pub(super) fn open(
        path: &Path,
        option: &'static str,
        what: &'static str,
    ) -> Result<Self, Failure> {
        let refused = |why: &str| Failure::Advised {
            message: format!("cannot use {} for {option}: {why}", path.display()),
            hint: None,
            status: USAGE,
        };
        let [stdin, stdout, stderr] = FileIdentity::of_standard_streams();
        let there = FileIdentity::of_path(path);
        for (stream, why) in [
            (stdout, "it is standard output, which is for data"),
            (
                stderr,
                "it is standard error, which is for messages and for the trace without a file",
            ),
            (stdin, "it is standard input"),
        ] {
            if there.is_some() && there == stream {
                return Err(refused(why));
            }
        }
        let file = output::open_private(path).map_err(|error| refused(&reason(&error)))?;
        Ok(Self { path: path.to_owned(), what, file: Some(file), has_begun: false, size: 0 })
    }

    /// Removes what the file contains, once.
    pub(super) fn begin(&mut self) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        if let Some(file) = &self.file
            && file.metadata().is_ok_and(|file| file.is_file())
            && let Err(error) = file.set_len(0)
        {
            self.fail(&error);
        }
    }

    /// Returns what identifies the file, unless a write has failed.
    pub(super) fn identity(&self) -> Option<FileIdentity> {
        self.file.as_ref().and_then(FileIdentity::of_file)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Returns whether no write has failed.
    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Writes bytes, unless an earlier write has failed.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.begin();
        let Some(file) = &mut self.file else { return };
        match file.write_all(bytes) {
            Ok(()) => self.size += bytes.len() as u64,
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &io::Error) {
        let Self { path, what, .. } = self;
        tracing::warn!(
            "cannot write to {}: {}: the {what} ends here, the connections go on",
            path.display(),
            reason(error)
        );
        if let Some(file) = self.file.take() {
            // It fails for what is no regular file, which cannot be shortened.
            let _ = file.set_len(self.size);
        }
    }
}
