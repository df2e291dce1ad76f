//! Where reports go. They are opened before anything is measured, so that an hour's figures
//! do not end at a folder that is not there, and are written when all is done.

use super::{csv::csv, json::json, markdown::markdown, plot::plot};
use crate::{bench::Results, diag::Failure, system::output};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write, stdout},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A file, or what else there can be under a name, that will be written to.
#[derive(Debug)]
pub(crate) struct ReportOutput {
    /// As it was typed.
    path: PathBuf,
    target: OutputTarget,
}

#[derive(Debug)]
enum OutputTarget {
    Stdout,
    /// Not a regular file: what is written is gone, or read by somebody.
    Direct(File),
    /// A file; what is written there takes its target in one step.
    File(PathBuf),
}

impl ReportOutput {
    /// Makes sure that it can be written to; nothing changes yet. `-` is stdout.
    ///
    /// # Errors
    /// It cannot be written to.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failure = |error| Failure::Output { path: path.to_owned(), error };
        let target = if path.as_os_str() == "-" {
            Ok(OutputTarget::Stdout)
        } else {
            OutputTarget::open(path)
        };
        Ok(Self { path: path.to_owned(), target: target.map_err(failure)? })
    }

    /// Whether it is stdout, which then is not for people.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.target, OutputTarget::Stdout)
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// It cannot be written to. A file that was there before is as it was.
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
            // A device or pipe; or what no call can open, which then tells why.
            _ => return Self::direct(path),
        };
        let Some(target) = followed(path) else {
            return Self::direct(path);
        };
        if old.is_some() {
            // What may not be written to is not replaced either.
            OpenOptions::new().write(true).open(&target)?;
        }
        // It is removed at once: whoever interrupts the measuring finds nothing of it.
        temporary(&target)?;
        Ok(Self::File(target))
    }

    /// To the end of it, in case that it is a file by another name.
    fn direct(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).open(path).map(Self::Direct)
    }

    /// Whether one format would take the target of the other.
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
                    // Whoever closed the pipe has seen enough.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                    result => result,
                }
            }
            Self::Direct(mut file) => file.write_all(text.as_bytes()),
            Self::File(target) => {
                let mut temporary = temporary(&target)?;
                temporary.write_all(text.as_bytes())?;
                temporary.persist(&target).map(drop).or_else(|error| {
                    // A file that is mounted can be written to, but not replaced.
                    tracing::debug!(%error, "written in place");
                    fs::write(&target, text)
                })
            }
        }
    }
}

/// What a format is written as.
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

/// The reports that were asked for.
#[derive(Debug)]
pub(crate) struct ReportOutputs(Vec<(ReportFormat, ReportOutput)>);

impl ReportOutputs {
    /// Makes sure that all can be written.
    ///
    /// # Errors
    /// One cannot, or two would be written to one file.
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

    /// Whether one goes to stdout, which then is not for people.
    pub(crate) fn use_stdout(&self) -> bool {
        self.0.iter().any(|(_, output)| output.is_stdout())
    }

    /// Writes all, as far as it goes.
    ///
    /// # Errors
    /// The first one.
    pub(crate) fn write(self, results: &Results) -> anyhow::Result<()> {
        let write = |(format, output): (ReportFormat, ReportOutput)| {
            anyhow::Ok(output.write(&format.text(results)?)?)
        };
        let written: Vec<anyhow::Result<()>> = self.0.into_iter().map(write).collect();
        written.into_iter().collect()
    }
}

/// Where symbolic links lead, be there something or not; `None` if that is what a process
/// has open, which another file of its name would not be.
fn followed(path: &Path) -> Option<PathBuf> {
    /// More are a circle (`path_resolution(7)`), which opening the file tells.
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

/// Whether the names in it stand for what a process has open, such as `/dev/stdout`.
fn is_of_descriptors(folder: &Path) -> bool {
    let folder = fs::canonicalize(folder).unwrap_or_default();
    ["/dev/fd", "/proc"].iter().any(|prefix| folder.starts_with(prefix))
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// A file beside another one with the same permissions; with those of a file that is simply
/// created, if there is no other one yet.
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
