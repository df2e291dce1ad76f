//! Destinations of reports. They are checked before anything is measured, so that an hour of
//! measuring does not end with a missing folder, and are written at the end.

use super::{csv::csv, json::json, markdown::markdown, plot::plot};
use crate::{bench::Results, diag::Failure, system::output};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write, stdout},
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
        let failure = |error| Failure::Output { path: path.to_owned(), error };
        let target = if path.as_os_str() == "-" {
            Ok(OutputTarget::Stdout)
        } else {
            OutputTarget::open(path)
        };
        Ok(Self { path: path.to_owned(), target: target.map_err(failure)? })
    }

    /// Returns whether the destination is stdout, where no table is printed then.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.target, OutputTarget::Stdout)
    }

    /// Writes the report.
    ///
    /// # Errors
    /// `Failure::Output` if writing fails. A regular file that existed before is
    /// unchanged then, unless it cannot be replaced, as a mount point, and was written in place.
    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        let Self { path, target } = self;
        target.write(text).map_err(|error| Failure::Output { path, error })
    }
}

impl OutputTarget {
    fn open(path: &Path) -> io::Result<Self> {
        let text = path.to_string_lossy();
        if text.ends_with(['/', std::path::MAIN_SEPARATOR]) || text.ends_with("/.") {
            return Err(ErrorKind::IsADirectory.into());
        }
        if output::is_stdout(path) {
            return Ok(Self::Stdout);
        }
        let old = match fs::metadata(path) {
            Ok(old) if old.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(old) if old.is_file() => Some(old),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            // A device or a pipe, or a path that cannot be examined: opening it reports the
            // reason.
            _ => return Self::direct(path),
        };
        let Some(target) = followed(path) else {
            return Self::direct(path);
        };
        if old.is_some() {
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
            (Self::File(one), Self::File(other)) => {
                let full = |path: &Path| fs::canonicalize(folder(path)).ok();
                one.file_name() == other.file_name() && full(one) == full(other)
            }
            _ => false,
        }
    }

    fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = stdout().lock();
                match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
                    // The reader has closed the pipe, as `head` does: not an error.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                    result => result,
                }
            }
            Self::Direct(mut file) => file.write_all(text.as_bytes()),
            Self::File(target) => {
                let mut temporary = temporary(&target)?;
                temporary.write_all(text.as_bytes())?;
                temporary.persist(&target).map(drop).or_else(|error| {
                    // A file that is a mount point can be written to, but not replaced.
                    tracing::debug!(%error, "written in place");
                    fs::write(&target, text)
                })
            }
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
    fn text(self, results: &Results) -> anyhow::Result<String> {
        match self {
            Self::Json => Ok(json(results)),
            Self::Csv => csv(results),
            Self::Markdown => Ok(markdown(results)),
            Self::Plot => plot(results),
        }
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
    pub(crate) fn write(self, results: &Results) -> anyhow::Result<()> {
        let write = |(format, output): (ReportFormat, ReportOutput)| {
            anyhow::Ok(output.write(&format.text(results)?)?)
        };
        let written: Vec<anyhow::Result<()>> = self.0.into_iter().map(write).collect();
        written.into_iter().collect()
    }
}

/// Follows symbolic links to a file that may not exist yet. Returns `None` for names of open
/// descriptors, which must not be replaced, and for loops of links.
fn followed(path: &Path) -> Option<PathBuf> {
    /// Linux follows at most 40 links (`path_resolution(7)`); opening the file reports the loop.
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        if is_of_descriptors(folder(&path)) {
            return None;
        }
        let Ok(target) = fs::read_link(&path) else { return Some(path) };
        path = folder(&path).join(target);
    }
    None
}

/// Returns whether names in this folder stand for open descriptors, such as `/dev/stdout`.
fn is_of_descriptors(folder: &Path) -> bool {
    let folder = fs::canonicalize(folder).unwrap_or_default();
    ["/dev/fd", "/proc"].iter().any(|prefix| folder.starts_with(prefix))
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
