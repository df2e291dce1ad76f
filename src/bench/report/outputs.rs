//! Destinations of reports. They are checked before anything is measured, so that an hour of
//! measuring does not end with a missing folder, and are written at the end.

use super::{csv::csv, json::json, markdown::markdown, plot::plot};
use crate::{
    bench::Results,
    diag::Failure,
    system::{output, stdout},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// The destination of one report.
#[derive(Debug)]
pub(crate) struct ReportOutput {
    /// Path from the command line, for messages.
    path: PathBuf,
    target: OutputTarget,
}

#[derive(Debug)]
enum OutputTarget {
    Stdout,
    /// Not a regular file, such as a pipe or a device: it is opened early and written to.
    Direct(File),
    /// A regular file: a temporary file replaces it in one step.
    File(PathBuf),
}

impl ReportOutput {
    /// Checks that a file can be written to, without changing it. `-` is stdout.
    ///
    /// # Errors
    /// `Failure::Output` if the path is a folder, its folder does not exist, or the file may not
    /// be written to.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        match OutputTarget::open(path) {
            Ok(target) => Ok(Self { path: path.to_owned(), target }),
            Err(error) => Err(Failure::Output { path: path.to_owned(), error }),
        }
    }

    /// Returns whether the destination is stdout, where no table is printed then.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.target, OutputTarget::Stdout)
    }

    /// Writes the report.
    ///
    /// # Errors
    /// `Failure::Output` if writing fails, `Failure::Io` for stdout. A regular file that existed
    /// before is unchanged then, unless it cannot be replaced, as a mount point, and was written in
    /// place.
    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        let written = match self.target {
            OutputTarget::Stdout => return stdout::print(text.as_bytes()),
            OutputTarget::Direct(mut file) => file.write_all(text.as_bytes()),
            OutputTarget::File(target) => replace(&target, text),
        };
        written.map_err(|error| Failure::Output { path: self.path, error })
    }
}

impl OutputTarget {
    fn open(path: &Path) -> io::Result<Self> {
        let text = path.to_string_lossy();
        if text.ends_with(['/', std::path::MAIN_SEPARATOR]) || text.ends_with("/.") {
            return Err(ErrorKind::IsADirectory.into());
        }
        if text == "-" || output::is_stdout(path) {
            return Ok(Self::Stdout);
        }
        let is_old = match fs::metadata(path) {
            Ok(old) if old.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(old) if old.is_file() => true,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            // A device or a pipe, or a path that cannot be examined: opening it reports the
            // reason.
            _ => return Self::direct(path),
        };
        let Some(target) = followed(path) else {
            return Self::direct(path);
        };
        if is_old {
            // A file without write permission must not be replaced either.
            OpenOptions::new().write(true).open(&target)?;
        }
        // The temporary file is removed at once, so that an interrupted measurement leaves
        // nothing.
        temporary(&target)?;
        Ok(Self::File(target))
    }

    /// Opens for appending, because the path may be another name of a regular file.
    fn direct(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).open(path).map(Self::Direct)
    }

    /// Returns whether both destinations are the same file or stdout.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stdout, Self::Stdout) => true,
            (Self::File(one), Self::File(other)) => one == other,
            _ => false,
        }
    }
}

/// The formats of reports.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReportFormat {
    Json,
    Csv,
    Markdown,
    Plot,
}

impl ReportFormat {
    fn text(self, results: &Results) -> Result<String, Failure> {
        let text = match self {
            Self::Json => Ok(json(results)),
            Self::Csv => csv(results),
            Self::Markdown => Ok(markdown(results)),
            Self::Plot => plot(results),
        };
        text.map_err(|error| Failure::Internal(format!("{error:#}")))
    }
}

/// The reports that were requested.
#[derive(Debug)]
pub(crate) struct ReportOutputs(Vec<(ReportFormat, ReportOutput)>);

impl ReportOutputs {
    /// Checks that all reports can be written.
    ///
    /// # Errors
    /// `Failure::Output` if one of them cannot be written; `Failure::Usage` if two have the same
    /// destination.
    pub(crate) fn open<'a>(
        reports: impl IntoIterator<Item = (ReportFormat, &'a Path)>,
    ) -> Result<Self, Failure> {
        let mut outputs: Vec<(ReportFormat, ReportOutput)> = Vec::new();
        for (format, path) in reports {
            let output = ReportOutput::open(path)?;
            if outputs.iter().any(|(_, other)| other.target.is_same(&output.target)) {
                let path = path.display();
                return Err(Failure::Usage(format!("two reports cannot both go to {path}")));
            }
            outputs.push((format, output));
        }
        Ok(Self(outputs))
    }

    /// Returns whether one of the reports goes to stdout, where no table is printed then.
    pub(crate) fn use_stdout(&self) -> bool {
        self.0.iter().any(|(_, output)| output.is_stdout())
    }

    /// Writes all reports; one that fails does not prevent the others.
    ///
    /// # Errors
    /// The first error.
    pub(crate) fn write(self, results: &Results) -> Result<(), Failure> {
        let write =
            |(format, output): (ReportFormat, ReportOutput)| output.write(&format.text(results)?);
        self.0.into_iter().map(write).fold(Ok(()), Result::and)
    }
}

/// Replaces a file, or creates it.
fn replace(target: &Path, text: &str) -> io::Result<()> {
    let mut temporary = temporary(target)?;
    temporary.write_all(text.as_bytes())?;
    temporary.persist(target).map(drop).or_else(|error| {
        // A file that is a mount point can be written to, but not replaced.
        tracing::debug!(%error, "written in place");
        fs::write(target, text)
    })
}

/// Follows symbolic links to the full path of a file that may not exist yet. Returns `None` for
/// names of open descriptors, such as `/dev/stdout`, which must not be replaced, and for loops of
/// links and missing folders, which opening the file reports.
fn followed(path: &Path) -> Option<PathBuf> {
    /// Linux follows at most 40 links (`path_resolution(7)`).
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        let folder = fs::canonicalize(folder(&path)).ok()?;
        if ["/dev/fd", "/proc"].iter().any(|prefix| folder.starts_with(prefix)) {
            return None;
        }
        let full = folder.join(path.file_name()?);
        let Ok(target) = fs::read_link(&full) else { return Some(full) };
        path = folder.join(target);
    }
    None
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// Creates a temporary file beside `target` with the permissions of `target`, or with those of any
/// new file if `target` does not exist.
fn temporary(target: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".lsock-bench-");
    if let Some(permissions) = output::usual_permissions() {
        builder.permissions(permissions);
    }
    let file = builder.tempfile_in(folder(target))?;
    if let Ok(old) = fs::metadata(target) {
        file.as_file().set_permissions(old.permissions())?;
    }
    Ok(file)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
