use super::{AllowRule, FileOwner};
use crate::diag::Failure;
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// Options of a listener. Options that this system does not have are rejected by
/// [`listening::options`](super::listening::options).
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenSettings {
    /// Maximum number of clients at a time.
    pub(crate) max_conns: Option<NonZeroUsize>,
    pub(crate) max_conns_per_user: Option<NonZeroUsize>,
    pub(crate) backlog: Option<u32>,
    /// The mode of the socket file.
    pub(crate) mode: Option<u16>,
    /// The owner of the socket file.
    pub(crate) owner: Option<FileOwner>,
    /// The group of the socket file, by name or number.
    pub(crate) group: Option<String>,
    pub(crate) allow: Vec<AllowRule>,
    /// The security descriptor of a pipe (Windows).
    pub(crate) sddl: Option<String>,
    /// Whether the socket file of a live server is replaced.
    pub(crate) replace: bool,
    /// The descriptor to report readiness on.
    pub(crate) ready_fd: Option<i32>,
    /// The file to report readiness in.
    pub(crate) ready_file: Option<PathBuf>,
    /// The time without clients after which the server ends.
    pub(crate) exit_idle: Option<Duration>,
}

impl ListenSettings {
    /// Returns the options of socket files, and whether they are given.
    pub(crate) fn of_files(&self) -> [(&'static str, bool); 5] {
        [
            ("--mode", self.mode.is_some()),
            ("--owner", self.owner.is_some()),
            ("--group", self.group.is_some()),
            ("--sddl", self.sddl.is_some()),
            ("--replace", self.replace),
        ]
    }

    /// Returns the options of socket files and of clients with credentials.
    pub(crate) fn of_files_and_users(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let users = [
            ("--allow", !self.allow.is_empty()),
            ("--max-conns-per-user", self.max_conns_per_user.is_some()),
        ];
        self.of_files().into_iter().chain(users)
    }

    /// Returns the options of accepting clients.
    pub(crate) fn of_accepting(&self) -> [(&'static str, bool); 5] {
        [
            ("--backlog", self.backlog.is_some()),
            ("--max-conns", self.max_conns.is_some()),
            ("--ready-fd", self.ready_fd.is_some()),
            ("--ready-file", self.ready_file.is_some()),
            ("--exit-idle", self.exit_idle.is_some()),
        ]
    }

    /// Fails with `Unsupported` if one of the options is given.
    pub(crate) fn refuse(
        options: impl IntoIterator<Item = (&'static str, bool)>,
        why: &'static str,
    ) -> Result<(), Failure> {
        match options.into_iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(Failure::Unsupported { option, why }),
            None => Ok(()),
        }
    }
}
