//! The listener of the commands that listen.

use crate::{
    diag::{self, Failure, Terminal},
    endpoint::{ListenSource, NameSource},
    serve::{Acceptor, Admission, Limits},
    system::{self, ListenSettings, listening::Allowed},
};
use local_socket::Listener;
use std::{
    fmt::{self, Formatter},
    num::NonZeroUsize,
    sync::Arc,
};

/// Warns of settings that are probably not intended.
pub(super) fn warn(source: &dyn ListenSource, settings: &ListenSettings) {
    if let Some(uid) = source.allowed().into_iter().flatten().find_map(Allowed::unmapped_user) {
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

/// Prepares for clients with these rules. Returns their maximum number; `room` is the number that the
/// limit of descriptors allows.
pub(super) fn admission<'a>(
    allowed: impl IntoIterator<Item = &'a Allowed>,
    settings: &ListenSettings,
    room: Option<NonZeroUsize>,
) -> Admission {
    allowed.into_iter().for_each(Allowed::look_up_names);
    let all = [settings.max_conns, room].into_iter().flatten().min();
    Admission::new(Limits::new(all, settings.max_conns_per_user))
}

/// Returns what accepts the clients of the source one after another.
pub(super) fn acceptor(
    listener: &Arc<Listener>,
    source: &NameSource,
    settings: &ListenSettings,
) -> Acceptor {
    let admission = admission([source.rules()], settings, None);
    Acceptor::new(Arc::clone(listener), source.rules().clone(), admission)
}

/// Lets the messages of a server of many clients begin with the time, unless a person or the journal
/// reads them: a person sees when they come, and the journal has times of its own.
pub(super) fn show_times(terminal: Terminal) {
    if !terminal.is_terminal() && !system::stderr_is_journal() {
        diag::show_times();
    }
}

/// Logs the address. `serves_many` is whether it is a server of any number of clients.
pub(super) fn log(source: &dyn ListenSource, serves_many: bool, terminal: Terminal) {
    if serves_many {
        show_times(terminal);
    }
    terminal.announce(&format!("listening on {} ({})", source.endpoint(), source.kind()));
}

/// Writes the lines of `--explain` about `--ready-file` and `--ready-fd`, if they are given.
pub(super) fn explain_readiness(f: &mut Formatter<'_>, settings: &ListenSettings) -> fmt::Result {
    if let Some(path) = &settings.ready_file {
        writeln!(f, "when ready   create {}", path.display())?;
    }
    match settings.ready_fd {
        Some(number) => writeln!(f, "when ready   write to descriptor {number}"),
        None => Ok(()),
    }
}

/// Checks the descriptor of `--ready-fd`. `has_data` is whether data is written to standard output.
///
/// # Errors
/// `Usage` for standard output if it has data.
pub(super) fn check_ready_fd(settings: &ListenSettings, has_data: bool) -> Result<(), Failure> {
    if settings.ready_fd == Some(1) && has_data {
        let text = "--ready-fd 1: what is received is written to stdout; take another descriptor";
        return Err(Failure::Usage(text.to_owned()));
    }
    Ok(())
}

/// Writes the line of `--explain` about `--exit-idle`, if it is given.
pub(super) fn explain_exit_idle(f: &mut Formatter<'_>, settings: &ListenSettings) -> fmt::Result {
    match settings.exit_idle {
        Some(time) => {
            writeln!(f, "end          after {} without clients", humantime::format_duration(time))
        }
        None => Ok(()),
    }
}
