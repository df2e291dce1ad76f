use super::{Name, NameKind};
use crate::{
    Platform,
    error::{NameError, NameProblem},
};
use std::{borrow::Cow, ffi::OsStr};

/// The prefix of every pipe of this machine.
pub(super) const PIPE_PREFIX: &str = r"\\.\pipe\";

/// Makes a name of text, or says why it cannot be one.
///
/// `may_hold_nul` is for abstract names given as bytes; text never holds a NUL.
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

/// A pipe's path is `\\HOST\pipe\NAME`, where `.` is this machine.
///
/// `?` is no host: `\\?\pipe\x` is a path that Windows takes literally
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
    name.is_empty().then_some(NameProblem::Empty)
}

/// The length in UTF-16 units, where an unpaired surrogate counts as one.
fn utf16_len(text: &OsStr) -> usize {
    // The encoding of OsStr on Windows is WTF-8, in which a unit that is no
    // character takes three bytes, as any other unit from U+0800 on; lossy
    // conversion there gives one replacement character for each such unit.
    text.to_string_lossy().encode_utf16().count()
}
