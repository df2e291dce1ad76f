//! Names of the sockets that are there at this moment, for completion. What cannot be read is left
//! out.

use crate::system::socket_table::{
    EntryName, EntryState, PathFinding, SocketEntry, SocketKind, locate, name_of,
    owner_of_socket_file, visit,
};
use local_socket::Name;
use std::{collections::BTreeSet, env, fs, path::PathBuf};

/// Which sockets are wanted.
#[derive(Copy, Clone, Debug)]
pub(crate) struct LiveNames {
    states: &'static [EntryState],
    kinds: &'static [SocketKind],
}

impl LiveNames {
    /// Sockets that lsock can connect to.
    pub(crate) const STREAM_SERVERS: Self =
        Self { states: &[EntryState::Listening], kinds: &[SocketKind::Stream] };
    /// All sockets that clients can connect or send to.
    pub(crate) const RECEIVERS: Self = Self {
        states: &[EntryState::Listening, EntryState::Unconnected],
        kinds: &[SocketKind::Stream, SocketKind::SeqPacket, SocketKind::Datagram],
    };

    /// Calls the function for the name of each socket that clients can connect or send to.
    fn visit(self, mut take: impl FnMut(&EntryName, &SocketEntry)) {
        // Without a table there are no names.
        let _ = visit(self.states, |entry| {
            let receives =
                entry.state == EntryState::Listening || entry.kind == SocketKind::Datagram;
            if let Some(name) = entry.name.as_ref().filter(|_| receives && self.has(entry.kind)) {
                take(name, &entry);
            }
        });
    }

    fn has(self, kind: SocketKind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// Returns abstract names as lsock reads them: as bare words if the word begins one.
pub(crate) fn abstract_names(word: &str, wanted: LiveNames) -> BTreeSet<String> {
    let is_bare = !word.is_empty() && !word.starts_with('@') && !word.starts_with("ns");
    let mut names = BTreeSet::new();
    wanted.visit(|bound, _| {
        let EntryName::Abstract(bytes) = bound else { return };
        let Some(name) = name_of(bound) else { return };
        let text = name.to_string();
        match str::from_utf8(bytes) {
            Ok(bare) if is_bare && Name::parse(bare).is_ok_and(|read| read == name) => {
                names.insert(bare.to_owned());
            }
            // Nothing can connect to the empty name by a text.
            _ if Name::parse(&text).is_ok_and(|read| read == name) => {
                names.insert(text);
            }
            _ => {}
        }
    });
    names
}

/// Returns the absolute paths on which servers listen.
pub(crate) fn listening_paths(wanted: LiveNames) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    wanted.visit(|bound, entry| {
        if !matches!(bound, EntryName::Path(path) if path.starts_with(b"/")) {
            return;
        }
        let name = locate(bound, entry.file, []);
        if name.finding() == PathFinding::Found {
            names.insert(name.to_string());
        }
    });
    names
}

/// Returns the socket files and folders, with a slash at their end, that begin with a word in which
/// there is a slash.
pub(crate) fn socket_files(word: &str) -> BTreeSet<String> {
    let (folder, start) = word.split_at(word.rfind('/').map_or(0, |place| place + 1));
    let Ok(entries) = fs::read_dir(expanded(folder)) else { return BTreeSet::new() };
    let matching = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let is_hidden = name.starts_with('.') && !start.starts_with('.');
        if !name.starts_with(start) || is_hidden {
            return None;
        }
        let mut kind = entry.file_type().ok()?;
        if kind.is_symlink() {
            kind = fs::metadata(entry.path()).ok()?.file_type();
        }
        let is_socket = owner_of_socket_file(&entry.path(), kind).is_some();
        let slash = if kind.is_dir() { "/" } else { "" };
        (kind.is_dir() || is_socket).then(|| format!("{folder}{name}{slash}"))
    });
    matching.collect()
}

/// Returns the folder to which a shell expands `~` or a variable at the beginning.
fn expanded(folder: &str) -> PathBuf {
    let Some((first, rest)) = folder.split_once('/') else { return folder.into() };
    let variable = match first.strip_prefix('$') {
        Some(name) => {
            name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name)
        }
        None if first == "~" => "HOME",
        None => return folder.into(),
    };
    match env::var_os(variable).filter(|_| !variable.is_empty()) {
        Some(value) => PathBuf::from(value).join(rest),
        None => folder.into(),
    }
}
