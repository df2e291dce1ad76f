use crate::{
    Name, NameType, PathNameType, Platform,
    name::{NameKind, check, sealed::Sealed},
};
use std::{borrow::Cow, ffi::OsStr, io};

/// Paths of named pipes: `\\.\pipe\NAME`, or `\\HOST\pipe\NAME` to connect to another machine.
///
/// Other paths are an `Unsupported` error.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum NamedPipe {}

impl Sealed for NamedPipe {}
impl NameType for NamedPipe {
    fn is_supported() -> bool {
        true
    }
}
impl PathNameType<OsStr> for NamedPipe {
    fn map(path: Cow<'_, OsStr>) -> io::Result<Name<'_>> {
        Ok(check(NameKind::Pipe, path, Platform::Windows, false)?)
    }
}
