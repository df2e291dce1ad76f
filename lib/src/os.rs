//! What only one system has, each system in its own folder with the same file names.

#[cfg(feature = "tokio")]
mod runtime;
#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;

#[cfg(unix)]
pub(crate) use unix as imp;
#[cfg(windows)]
pub(crate) use windows as imp;
