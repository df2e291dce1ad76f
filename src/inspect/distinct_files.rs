//! Files that a command writes must be different ones: each would destroy what is in the other.

use crate::{diag::Failure, system::output::FileIdentity};
use std::{ffi::OsString, path::Path};

/// An option, and the file that it names.
pub(super) type WrittenFile<'a> = (&'static str, &'a Path);

/// Rejects options that name one file, also by a link or by another path. Nothing is opened for that.
///
/// # Errors
/// `Usage`.
pub(super) fn check(files: &[WrittenFile<'_>]) -> Result<(), Failure> {
    let mut others: Vec<(&str, FilePlace)> = Vec::new();
    for (option, path) in files {
        let Some(place) = FilePlace::of(path) else { continue };
        match others.iter().find(|(_, known)| *known == place) {
            Some((other, _)) => return Err(shared(other, option)),
            None => others.push((option, place)),
        }
    }
    Ok(())
}

/// Returns the error of two options that name one file.
pub(super) fn shared(one: &str, other: &str) -> Failure {
    Failure::Usage(format!("{one} and {other} cannot share a file"))
}

/// Where a file is, or will be.
#[derive(Debug, PartialEq, Eq)]
enum FilePlace {
    File(FileIdentity),
    /// There is no such file yet in the folder.
    Absent(FileIdentity, OsString),
}

impl FilePlace {
    /// Returns `None` for what others may write to as well, such as the null device, and for a file
    /// whose folder does not exist.
    fn of(path: &Path) -> Option<Self> {
        if let Some(file) = FileIdentity::of_path(path) {
            return Some(Self::File(file));
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = FileIdentity::of_path(folder.unwrap_or(Path::new(".")))?;
        let name = path.file_name().filter(|_| !path.exists())?;
        Some(Self::Absent(folder, name.to_owned()))
    }
}
