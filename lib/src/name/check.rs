use super::{Name, NameKind};
use crate::{
    Platform,
    error::{NameError, NameProblem},
};
use std::{borrow::Cow, ffi::OsStr};

/// The prefix of the paths of pipes on this machine.
pub(super) const PIPE_PREFIX: &str = r"\\.\pipe\";

/// Checks a text and makes a name of it.
///
/// `may_hold_nul` is `true` only for abstract names that are given as bytes (`unix(7)`).
pub(crate) fn check<'n>(
    kind: NameKind,
    text: Cow<'n, OsStr>,
    platform: Platform,
    may_hold_nul: bool,
) -> Result<Name<'n>, NameError> {
    match problem(kind, &text, platform, may_hold_nul) {
        None => Ok(Name { kind, text }),
        Some(problem) => Err(NameError::new(&text, problem)),
    }
}

fn problem(
    kind: NameKind,
    text: &OsStr,
    platform: Platform,
    may_hold_nul: bool,
) -> Option<NameProblem> {
    let bytes = text.as_encoded_bytes();
    if bytes.is_empty() {
        return Some(NameProblem::Empty);
    }
    if !may_hold_nul && let Some(position) = bytes.iter().position(|b| *b == 0) {
        return Some(NameProblem::Nul { position });
    }
    let (length, limit, unit) = match kind {
        NameKind::File => (bytes.len(), platform.path_limit(), "bytes"),
        NameKind::Abstract | NameKind::RuntimeDir => {
            (bytes.len(), platform.namespaced_limit(), "bytes")
        }
        NameKind::Pipe => {
            if let Some(problem) = pipe_problem(text) {
                return Some(problem);
            }
            (utf16_len(text), platform.path_limit(), "UTF-16 units")
        }
    };
    (length > limit).then_some(NameProblem::TooLong { length, limit, unit })
}

/// Checks that a text has the form `\\HOST\pipe\NAME`, and that Windows does not change NAME. The
/// host `.` is this machine.
///
/// The host `?` is refused: `\\?\pipe\x` is a path that Windows does not interpret
/// (Microsoft, "Naming Files, Paths, and Namespaces").
fn pipe_problem(text: &OsStr) -> Option<NameProblem> {
    let text = text.to_string_lossy();
    let Some((host, rest)) = text.strip_prefix(r"\\").and_then(|rest| rest.split_once('\\')) else {
        return Some(NameProblem::NotAPipe);
    };
    let Some((folder, name)) = rest.split_once('\\') else {
        return Some(NameProblem::NotAPipe);
    };
    if host.is_empty() || host == "?" || !folder.eq_ignore_ascii_case("pipe") {
        return Some(NameProblem::NotAPipe);
    }
    if name.is_empty() {
        return Some(NameProblem::Empty);
    }
    // Windows removes these when it converts a path ("File path formats on Windows systems", "Path
    // normalization"). `\\.\pipe\..\C:\a` would be a file, and `a.` and `a` would be one pipe.
    let is_removed = |part: &str| part.is_empty() || part.ends_with(['.', ' ']);
    name.split(['\\', '/']).any(is_removed).then_some(NameProblem::NotLiteral)
}

/// Returns the length in UTF-16 units. An unpaired surrogate counts as one unit.
fn utf16_len(text: &OsStr) -> usize {
    // On Windows the lossy conversion replaces each unpaired surrogate by one replacement
    // character, which is one unit as well.
    text.to_string_lossy().encode_utf16().count()
}
