//! The listener of the commands that listen.

use crate::{
    diag::{Failure, Terminal},
    endpoint::ListenSource,
    serve::{Admission, Limits},
    system::{ListenSettings, Readiness, listening::Allowed},
};
use std::num::NonZeroUsize;

/// A listener and its options.
#[derive(Debug)]
pub(super) struct ListenerPlan {
    pub(super) source: ListenSource,
    pub(super) settings: ListenSettings,
}

impl ListenerPlan {
    /// Returns whether an option limits the number of clients.
    pub(super) fn limits_clients(&self) -> bool {
        self.settings.max_conns.is_some() || self.settings.max_conns_per_user.is_some()
    }

    /// Returns the receivers of the readiness message.
    pub(super) fn readiness(&self) -> Result<Readiness, Failure> {
        Readiness::new(self.settings.ready_fd)
    }

    /// Warns of settings that are probably not intended.
    pub(super) fn warn(&self) {
        if let Some(uid) = self.source.allowed.as_ref().and_then(Allowed::unmapped_user) {
            tracing::warn!(
                "this user namespace does not map the user of this process: uid {uid} can be \
                 any user, and is not served; map the user (user_namespaces(7)), or serve \
                 whoever can connect with --allow any"
            );
        }
        for warning in &self.source.warnings {
            tracing::warn!("{warning}");
        }
    }

    /// Returns the rules for clients, and their maximum number. `room` is the number that the limit
    /// of descriptors allows.
    pub(super) fn admission(&self, room: Option<NonZeroUsize>) -> Admission {
        let all = [self.settings.max_conns, room].into_iter().flatten().min();
        let limits = Limits::new(all, self.settings.max_conns_per_user);
        Admission::new(self.source.allowed.clone(), limits)
    }

    /// Logs the address.
    pub(super) fn log(&self, terminal: Terminal) {
        if let Some(kind) = &self.source.kind {
            terminal.announce(&format!("listening on {} ({kind})", self.source));
        }
    }
}
