//! Folders of namespaced names that are socket files: the user's runtime folder, or else the folder
//! for temporary files.

use crate::{
    Name, Platform,
    error::{NameError, NameProblem},
    name::NameKind,
};
use std::{
    env,
    ffi::OsStr,
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Returns the files that a namespaced name can stand for, the preferred one first.
pub(super) fn paths(word: &OsStr) -> io::Result<Vec<PathBuf>> {
    let fits = |path: &PathBuf| path.as_os_str().len() <= Platform::CURRENT.path_limit();
    let (short, long): (Vec<_>, Vec<_>) =
        folders().into_iter().map(|folder| folder.join(relative(word))).partition(fits);
    match (short.is_empty(), long.first()) {
        (true, Some(path)) => Err(NameError::new(
            path.as_os_str(),
            NameProblem::TooLong {
                length: path.as_os_str().len(),
                limit: Platform::CURRENT.path_limit(),
                unit: "bytes",
            },
        )
        .into()),
        _ => Ok(short),
    }
}

/// Returns the name of the preferred file.
#[cfg_attr(
    not(linux_like),
    expect(dead_code, reason = "other systems print such names in a form of their own")
)]
pub(crate) fn first_path(name: &Name<'_>) -> Option<Name<'static>> {
    let path = paths(name.as_os_str()).ok()?.into_iter().next()?;
    Some(Name { kind: NameKind::File, text: path.into_os_string().into() })
}

/// Returns a relative path, because `join` with an absolute path would leave the folder.
fn relative(word: &OsStr) -> &Path {
    let path = Path::new(word);
    path.strip_prefix("/").unwrap_or(path)
}

fn folders() -> [PathBuf; 2] {
    let absolute = |variable| env::var_os(variable).map(PathBuf::from).filter(|p| p.is_absolute());
    let runtime = absolute("XDG_RUNTIME_DIR")
        .unwrap_or_else(|| format!("/run/user/{}", rustix::process::getuid().as_raw()).into());
    let temporary = if cfg!(target_os = "android") { "/data/local/tmp" } else { "/tmp" };
    let temporary = absolute("TMPDIR").unwrap_or_else(|| temporary.into());
    [runtime, temporary]
}

/// Creates the folders between the runtime folder and the file. The manager of the user's sessions
/// creates the runtime folder itself, if there is one.
pub(super) fn make_folders(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    if folders().iter().any(|folder| parent.starts_with(folder) && folder.is_dir()) {
        return DirBuilder::new().recursive(true).mode(0o700).create(parent);
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Returns whether the next file is tried after this error on the preferred one.
pub(super) fn try_next(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::Unsupported | io::ErrorKind::NotADirectory
    )
}
