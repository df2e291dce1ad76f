use super::{
    super::AcceptError,
    accounts::{group_id, no_sids, user_id},
    path_walk::folder_of,
};
use crate::{
    diag::Failure,
    system::{AllowRule, FileOwner, GivenAccount, ListenSettings},
};
use local_socket::{
    ListenerOptions, Name, PeerCreds, Platform, Stream, os::unix::ListenerOptionsExt,
    traits::StreamCommon,
};
use nix::unistd::Uid;
use rustix::io::Errno;
use std::{
    fmt::{self, Display, Formatter},
    fs, io,
    net::TcpListener,
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Default mode of a socket file or a terminal.
pub(super) const PRIVATE: u16 = 0o600;

/// Adds the options that only some systems have, and returns the rules for clients.
///
/// # Errors
/// `Unsupported` for options that this kind of name does not have, `Usage` for unknown users and
/// groups.
pub(crate) fn options<'n>(
    options: ListenerOptions<'n>,
    name: &Name<'_>,
    listening: &ListenSettings,
) -> Result<(ListenerOptions<'n>, Allowed), Failure> {
    let why = "only Windows has security descriptors; --mode and --allow say who may connect";
    ListenSettings::refuse([("--sddl", listening.sddl.is_some())], why)?;
    if is_abstract(name) {
        let why = "an abstract socket is no file; --allow says who may connect to it";
        ListenSettings::refuse(listening.of_files(), why)?;
    }
    let mut options = options.mode(listening.mode.unwrap_or(PRIVATE).into());
    let owner = listening.owner.as_ref().map(uid_of).transpose()?;
    if let Some(owner) = owner {
        options = options.owner(owner);
    }
    if let Some(group) = &listening.group {
        options = options.group(group_id(group)?);
    }
    if let Some(backlog) = listening.backlog {
        options = options.backlog(backlog);
    }
    Ok((options, Allowed::new(name, owner, listening)?))
}

/// Returns whether an error of `socket(2)` or `bind(2)` means that this machine does not have the
/// address.
pub(crate) fn lacks_address(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

/// Classifies an error number of `accept(2)`. All others are errors of the network or of one
/// connection, or temporary limits.
pub(crate) fn accept_error(code: i32) -> AcceptError {
    match Errno::from_raw_os_error(code) {
        Errno::BADF | Errno::FAULT | Errno::NOTSOCK => AcceptError::IsBroken,
        // These mean a broken listener, or a connection that was reset while it was accepted.
        Errno::INVAL | Errno::OPNOTSUPP => AcceptError::IsBrokenIfItPersists,
        _ => AcceptError::Passes,
    }
}

fn is_abstract(name: &Name<'_>) -> bool {
    name.is_namespaced() && Platform::CURRENT == Platform::Linux
}

/// Sets the backlog of a TCP listener. The default is the maximum of the system.
pub(crate) fn set_backlog(listener: &TcpListener, backlog: Option<u32>) -> io::Result<()> {
    // A second call of listen(2) changes it.
    let backlog = backlog.and_then(|backlog| backlog.try_into().ok()).unwrap_or(i32::MAX);
    Ok(rustix::net::listen(listener, backlog)?)
}

/// Returns the reason why other users can replace a socket file: they can write to its folder, which
/// has no sticky bit, or one of them owns the folder.
pub(crate) fn unsafe_folder(name: &Name<'_>) -> Option<String> {
    if !name.is_path() {
        return None;
    }
    super::path_facts::unsafe_folder(folder_of(Path::new(name.as_os_str())))
}

/// The rules of `--allow`, resolved to numbers; each client is checked by its credentials.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    rules: Vec<Rule>,
    /// The owner of the socket file, if it is another user than that of this process.
    owner: Option<u32>,
}

#[derive(Copy, Clone, Debug)]
enum Rule {
    Any,
    Uid(u32),
    Gid(u32),
}

impl Allowed {
    /// Resolves the rules for a name whose socket file gets this owner.
    fn new(
        name: &Name<'_>,
        owner: Option<u32>,
        listening: &ListenSettings,
    ) -> Result<Self, Failure> {
        let mode = if is_abstract(name) { 0 } else { listening.mode.unwrap_or(PRIVATE) };
        Self::of_file(mode.into(), owner, listening)
    }

    /// Resolves the rules for an inherited socket. The default follows the mode and the owner of its
    /// file.
    pub(crate) fn of_inherited(
        name: Option<&Name<'_>>,
        listening: &ListenSettings,
    ) -> Result<Self, Failure> {
        let path = name.filter(|name| name.is_path()).map(|name| Path::new(name.as_os_str()));
        let file = path.and_then(|path| fs::metadata(path).ok());
        let mode = file.as_ref().map_or(0, MetadataExt::mode);
        Self::of_file(mode, file.as_ref().map(MetadataExt::uid), listening)
    }

    fn of_file(mode: u32, owner: Option<u32>, listening: &ListenSettings) -> Result<Self, Failure> {
        let ours = Uid::effective();
        let owner = owner.filter(|owner| *owner != ours.as_raw());
        let rules = if !listening.allow.is_empty() {
            listening.allow.iter().map(rule).collect::<Result<_, _>>()?
        } else if mode & 0o022 != 0 {
            // The system checks the mode when a client connects.
            vec![Rule::Any]
        } else {
            let root = (!ours.is_root()).then_some(0);
            let owner = owner.filter(|owner| Some(*owner) != root);
            let users = [ours.as_raw()].into_iter().chain(root).chain(owner);
            users.map(Rule::Uid).collect()
        };
        Ok(Self { rules, owner })
    }

    /// Does nothing: messages contain the numbers of users.
    #[expect(clippy::unused_self, reason = "other systems look them up")]
    pub(crate) fn look_up_names(&self) {}

    /// Returns whether the mode of the socket file keeps out clients that `--allow` names.
    pub(crate) fn is_kept_out(&self, name: &Name<'_>, listening: &ListenSettings) -> bool {
        let ours = Uid::effective().as_raw();
        let is_kept_out = |uid: u32| uid != ours && uid != 0 && Some(uid) != self.owner;
        let others = |rule: &Rule| !matches!(rule, Rule::Uid(uid) if !is_kept_out(*uid));
        !is_abstract(name)
            && listening.mode.unwrap_or(PRIVATE) & 0o022 == 0
            && self.rules.iter().any(others)
    }

    /// Returns the user of this process if clients with that user are to be served, but the user
    /// namespace does not map it: all users that are not mapped have the same number, so none of
    /// them is served.
    pub(crate) fn unmapped_user(&self) -> Option<u32> {
        let ours = Uid::effective().as_raw();
        let is_served =
            self.rules.iter().any(|rule| matches!(rule, Rule::Uid(uid) if *uid == ours));
        if !is_served || self.rules.iter().any(|rule| matches!(rule, Rule::Any)) {
            return None;
        }
        let own = Stream::pair().and_then(|(stream, _other)| stream.peer_creds());
        own.is_ok_and(|own| !own.is_same_user()).then_some(ours)
    }

    /// Returns what the rules need to know about a client: its groups only if a rule names one.
    pub(crate) fn credentials(&self, client: &impl StreamCommon) -> io::Result<PeerCreds> {
        if self.rules.iter().any(|rule| matches!(rule, Rule::Gid(_))) {
            client.peer_creds_with_groups()
        } else {
            client.peer_creds()
        }
    }

    /// Returns whether a client is served.
    pub(crate) fn admits(&self, peer: &PeerCreds) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::Any => true,
            Rule::Uid(uid) => peer.is_user(*uid),
            Rule::Gid(gid) => peer.is_in_group(*gid),
        })
    }
}

/// For `--explain`.
impl Display for Allowed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, rule) in self.rules.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            match rule {
                Rule::Any => f.write_str("whoever can connect")?,
                Rule::Uid(uid) => write!(f, "uid {uid}")?,
                Rule::Gid(gid) => write!(f, "gid {gid}")?,
            }
        }
        Ok(())
    }
}

fn rule(allowed: &AllowRule) -> Result<Rule, Failure> {
    match allowed {
        AllowRule::Any => Ok(Rule::Any),
        AllowRule::Account(GivenAccount::Uid(uid)) => Ok(Rule::Uid(*uid)),
        AllowRule::Account(GivenAccount::Gid(gid)) => Ok(Rule::Gid(*gid)),
        AllowRule::Account(GivenAccount::User(name)) => user_id(name).map(Rule::Uid),
        AllowRule::Account(GivenAccount::Group(name)) => group_id(name).map(Rule::Gid),
        AllowRule::Account(GivenAccount::Sid(_)) => Err(no_sids("--allow sid:")),
    }
}

pub(super) fn uid_of(owner: &FileOwner) -> Result<u32, Failure> {
    match &owner.0 {
        GivenAccount::Uid(uid) => Ok(*uid),
        GivenAccount::User(name) => user_id(name),
        GivenAccount::Group(_) | GivenAccount::Gid(_) | GivenAccount::Sid(_) => {
            Err(no_sids("--owner sid:"))
        }
    }
}

/// Returns the user of a peer for `--max-conns-per-user`.
pub(crate) fn user(peer: &PeerCreds) -> Option<u32> {
    peer.euid()
}

/// Returns the user of the peer as text, if it is another user than that of this process.
pub(crate) fn other_user(peer: &PeerCreds) -> Option<String> {
    if peer.is_same_user() { None } else { peer.euid().map(|uid| format!("uid {uid}")) }
}

/// Returns the process, user and group of a peer, where they are known.
pub(crate) fn ids(peer: &PeerCreds) -> [Option<String>; 3] {
    let pid = peer.pid().map(|id| id.to_string());
    [pid, peer.euid().map(|id| id.to_string()), peer.egid().map(|id| id.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_the_listener_itself_break_it() {
        let passing = [Errno::PERM, Errno::NOBUFS, Errno::PROTO, Errno::CONNABORTED, Errno::MFILE];
        let broken = [Errno::BADF, Errno::FAULT, Errno::NOTSOCK];
        let ambiguous = [Errno::INVAL, Errno::OPNOTSUPP];
        let all_are = |errors: &[Errno], kind| {
            errors.iter().all(|error| accept_error(error.raw_os_error()) == kind)
        };
        assert!(all_are(&passing, AcceptError::Passes));
        assert!(all_are(&broken, AcceptError::IsBroken));
        assert!(all_are(&ambiguous, AcceptError::IsBrokenIfItPersists));
    }
}
