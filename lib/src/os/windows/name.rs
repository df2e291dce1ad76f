use super::{
    connect::local_path,
    pipe::{code, wait_for_instance},
};
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

/// The pipes of names.
pub trait NameExt: Sealed {
    /// Returns whether the name has a pipe, without connecting to it.
    ///
    /// # Errors
    /// `Unsupported` for a name of another system, or another error of `WaitNamedPipeW`.
    fn pipe_state(&self) -> io::Result<PipeState>;
}

/// Whether a name has a pipe.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum PipeState {
    /// There is no pipe.
    Absent,
    /// An instance of the pipe waits for a client.
    Free,
    /// All instances of the pipe are in use.
    Busy,
}

impl Sealed for Name<'_> {}
impl NameExt for Name<'_> {
    fn pipe_state(&self) -> io::Result<PipeState> {
        // The error of Wine for a pipe that does not exist.
        const ERROR_BAD_DEV_TYPE: u32 = 66;
        match wait_for_instance(&local_path(self)?, 1) {
            Ok(true) => Ok(PipeState::Free),
            Ok(false) => Ok(PipeState::Busy),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PipeState::Absent),
            Err(error) if code(&error) == Some(ERROR_BAD_DEV_TYPE) => Ok(PipeState::Absent),
            Err(error) => Err(error),
        }
    }
}

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
