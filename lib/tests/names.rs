//! Names that are made of text, and their properties.

use crate::harness::assert_kind;
use local_socket::{
    GenericFilePath, GenericNamespaced, Name, NameType, Platform, ToFsName as _, ToNsName as _,
    error::{NameError, NameProblem},
};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    ffi::{OsStr, OsString},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Returns a path of the given length that a socket can have on this system.
fn path_of(len: usize) -> String {
    let prefix = if cfg!(windows) { r"\\.\pipe\" } else { "/" };
    format!("{prefix}{}", "a".repeat(len - prefix.len()))
}

#[track_caller]
fn problem(result: io::Result<Name<'_>>, kind: ErrorKind) -> (NameProblem, String) {
    let error = assert_kind(result, &[kind]);
    let message = error.to_string();
    let error = error.get_ref().and_then(|e| e.downcast_ref::<NameError>());
    (error.expect("a NameError inside").problem(), message)
}

#[test]
fn paths_fit_up_to_the_limit() {
    let limit = Platform::CURRENT.path_limit();
    path_of(limit).to_fs_name::<GenericFilePath>().unwrap();
    let result = path_of(limit + 1).to_fs_name::<GenericFilePath>();
    let (problem, message) = problem(result, ErrorKind::InvalidInput);
    assert!(
        matches!(problem, NameProblem::TooLong { length, limit: l, .. } if length == limit + 1 && l == limit),
        "{problem:?}"
    );
    assert!(message.contains(&limit.to_string()), "{message}");
    assert!(message.contains(&(limit + 1).to_string()), "{message}");
}

#[test]
fn words_fit_up_to_the_limit() {
    let limit = Platform::CURRENT.namespaced_limit();
    "a".repeat(limit).to_ns_name::<GenericNamespaced>().unwrap();
    let result = "a".repeat(limit + 1).to_ns_name::<GenericNamespaced>();
    let (problem, _) = problem(result, ErrorKind::InvalidInput);
    assert!(matches!(problem, NameProblem::TooLong { .. }), "{problem:?}");
}

/// On Windows the limit counts UTF-16 units, elsewhere bytes.
#[test]
fn length_limits_count_the_units_of_the_system() {
    let limit = Platform::CURRENT.namespaced_limit();
    // Two UTF-16 units, four bytes.
    let (units, per_character) = if cfg!(windows) { (limit, 2) } else { (limit, 4) };
    let fitting = "🦀".repeat(units / per_character);
    fitting.as_str().to_ns_name::<GenericNamespaced>().unwrap();
    let result = format!("{fitting}🦀").to_ns_name::<GenericNamespaced>();
    assert_kind(result, &[ErrorKind::InvalidInput]);
}

#[test]
fn an_empty_text_is_not_a_name() {
    #[cfg(unix)]
    {
        let (problem, _) = problem("".to_fs_name::<GenericFilePath>(), ErrorKind::InvalidInput);
        assert_eq!(problem, NameProblem::Empty);
    }
    let (problem, message) = problem("".to_ns_name::<GenericNamespaced>(), ErrorKind::InvalidInput);
    assert_eq!(problem, NameProblem::Empty);
    assert_eq!(message, "invalid name: it is empty");
}

#[test]
fn a_text_with_nul_is_not_a_name() {
    let path = format!("{}\0b", path_of(20));
    let (found, message) = problem(path.to_fs_name::<GenericFilePath>(), ErrorKind::InvalidInput);
    assert_eq!(found, NameProblem::Nul { position: 20 });
    assert!(!message.contains('\0'), "{message:?}");
    let (found, _) = problem("a\0b".to_ns_name::<GenericNamespaced>(), ErrorKind::InvalidInput);
    assert!(matches!(found, NameProblem::Nul { .. }));
}

#[test]
fn names_are_made_of_every_type_of_text() {
    let (path, word) = (path_of(20), "a word".to_owned());
    let (path, word) = (path.as_str(), word.as_str());
    let expected = path.to_fs_name::<GenericFilePath>().unwrap();
    for name in [
        path.to_owned().to_fs_name::<GenericFilePath>(),
        Path::new(path).to_fs_name::<GenericFilePath>(),
        PathBuf::from(path).to_fs_name::<GenericFilePath>(),
        OsStr::new(path).to_fs_name::<GenericFilePath>(),
        OsString::from(path).to_fs_name::<GenericFilePath>(),
        Cow::Borrowed(path).to_fs_name::<GenericFilePath>(),
        Cow::<str>::Owned(path.to_owned()).to_fs_name::<GenericFilePath>(),
        Cow::Borrowed(OsStr::new(path)).to_fs_name::<GenericFilePath>(),
        Cow::<OsStr>::Owned(path.into()).to_fs_name::<GenericFilePath>(),
        Cow::Borrowed(Path::new(path)).to_fs_name::<GenericFilePath>(),
        Cow::<Path>::Owned(path.into()).to_fs_name::<GenericFilePath>(),
    ] {
        assert_eq!(name.unwrap(), expected);
    }
    let expected = word.to_ns_name::<GenericNamespaced>().unwrap();
    for name in [
        word.to_owned().to_ns_name::<GenericNamespaced>(),
        OsStr::new(word).to_ns_name::<GenericNamespaced>(),
        OsString::from(word).to_ns_name::<GenericNamespaced>(),
        Cow::Borrowed(word).to_ns_name::<GenericNamespaced>(),
        Cow::<str>::Owned(word.to_owned()).to_ns_name::<GenericNamespaced>(),
        Cow::Borrowed(OsStr::new(word)).to_ns_name::<GenericNamespaced>(),
        Cow::<OsStr>::Owned(word.into()).to_ns_name::<GenericNamespaced>(),
    ] {
        assert_eq!(name.unwrap(), expected);
    }
    assert!(GenericFilePath::is_supported() && GenericNamespaced::is_supported());
}

#[test]
fn a_name_returns_its_text_and_kind() {
    let path = path_of(20);
    let name = path.as_str().to_fs_name::<GenericFilePath>().unwrap();
    assert_eq!(name.as_os_str(), OsStr::new(&path));
    assert_eq!(name.as_bytes(), path.as_bytes());
    assert!(name.is_path());
    assert_eq!(name.is_namespaced(), cfg!(windows));
    let name = "a word".to_ns_name::<GenericNamespaced>().unwrap();
    assert!(name.is_namespaced());
    assert_eq!(name.is_path(), cfg!(windows));
    assert!(name.as_bytes().ends_with(b"a word"));
    if cfg!(windows) {
        assert_eq!(name.kind_text(), "named pipe");
        assert_eq!(name.to_string(), r"\\.\pipe\a word");
    } else if Platform::CURRENT == Platform::Linux {
        assert_eq!(name.kind_text(), "abstract socket");
        assert_eq!(name.to_string(), "@a word");
    }
}

#[test]
fn names_are_compared_hashed_and_sorted() {
    let names = ["b", "a", "b"].map(|word| word.to_ns_name::<GenericNamespaced>().unwrap());
    let [b, a, again] = &names;
    assert_eq!(b, again);
    assert!(a < b);
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), 2);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().first(), Some(&a));
    assert_eq!(&b.borrow(), b);
    let owned: Name<'static> = b.clone().into_owned();
    assert_eq!(&owned, b);
    assert_eq!(b.to_string().parse::<Name<'static>>().unwrap(), owned);
}

#[test]
fn the_error_contains_the_given_text() {
    let error = Name::parse("fs-hex:2").unwrap_err();
    assert_eq!(error.text(), OsStr::new("fs-hex:2"));
    let (problem, kind) = if cfg!(windows) {
        (NameProblem::NoBytesHere, ErrorKind::Unsupported)
    } else {
        (NameProblem::BadHex, ErrorKind::InvalidInput)
    };
    assert_eq!(error.problem(), problem);
    assert_eq!(io::Error::from(error).kind(), kind);
}
