//! Tests of Unix only: files, permissions, descriptors, and processes that compete for a path.

mod activation;
pub(crate) mod backlog;
pub(crate) mod child;
mod credentials;
mod descriptors;
pub(crate) mod fd_leaks;
pub(crate) mod fd_passing;
pub(crate) mod files;
mod folder_lock;
mod halves;
mod inherited;
mod long_names;
mod names;
mod peer_process;
mod permissions;
mod racing;
mod reclaiming;
mod replacing;
mod runtime_folder;
#[cfg(linux_like)]
mod sharing;
mod signals;
mod stale;
#[cfg(target_os = "linux")]
mod system_calls;
mod unread;
mod users;
#[cfg(target_os = "linux")]
mod watching;

#[cfg(linux_like)]
mod abstract_names;
#[cfg(target_os = "linux")]
mod access;
