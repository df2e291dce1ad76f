//! The listener of the commands that listen.

use crate::{
    diag::Terminal,
    endpoint::ListenSource,
    serve::{Admission, Limits},
    system::{ListenSettings, listening::Allowed},
};
use std::{
    fmt::{self, Formatter},
    num::NonZeroUsize,
};

/// Warns of settings that are probably not intended.
pub(super) fn warn(source: &dyn ListenSource, settings: &ListenSettings) {
    if let Some(uid) = source.allowed().and_then(Allowed::unmapped_user) {
        tracing::warn!(
            "this user namespace does not map the user of this process: uid {uid} can be \
             any user, and is not served; map the user (user_namespaces(7)), or serve \
             whoever can connect with --allow any"
        );
    }
    for warning in source.warnings(settings) {
        tracing::warn!("{warning}");
    }
}

/// Returns the rules for clients, and their maximum number. `room` is the number that the limit
/// of descriptors allows.
pub(super) fn admission(
    allowed: Option<&Allowed>,
    settings: &ListenSettings,
    room: Option<NonZeroUsize>,
) -> Admission {
    if let Some(allowed) = allowed {
        allowed.look_up_names();
    }
    let all = [settings.max_conns, room].into_iter().flatten().min();
    Admission::new(allowed.cloned(), Limits::new(all, settings.max_conns_per_user))
}

/// Logs the address.
pub(super) fn log(source: &dyn ListenSource, terminal: Terminal) {
    terminal.announce(&format!("listening on {} ({})", source.endpoint(), source.kind()));
}

/// Writes the line of `--explain` about `--ready-file`, if it is given.
pub(super) fn explain_ready_file(f: &mut Formatter<'_>, settings: &ListenSettings) -> fmt::Result {
    match &settings.ready_file {
        Some(path) => writeln!(f, "when ready   create {}", path.display()),
        None => Ok(()),
    }
}
