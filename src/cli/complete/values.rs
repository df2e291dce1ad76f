//! Candidates: values of options and names.

use super::{
    answer::{CompletionAnswer, ShellAction},
    candidates::Candidate,
    value_kind::ValueKind,
};
use crate::{
    inspect::live_names::{LiveNames, abstract_names, listening_paths, socket_files},
    system::accounts::{group_names, user_names},
};
use clap::{Arg, Command};

/// Adds the values of an argument that begin with the word, and what the shell itself completes.
pub(super) fn add_values(
    command: &Command,
    arg: &Arg,
    word: &str,
    shell_finds_sockets: bool,
    answer: &mut CompletionAnswer,
) {
    if !arg.get_possible_values().is_empty() {
        answer.candidates.extend(listed(arg, word));
        return;
    }
    let mut values = Values { word, shell_finds_sockets, answer };
    match ValueKind::of(command, arg).unwrap_or(ValueKind::Text) {
        ValueKind::Text => {}
        ValueKind::NewName | ValueKind::Folder => values.answer.action = ShellAction::Folders,
        ValueKind::LiveName => values.names(LiveNames::STREAM_SERVERS),
        ValueKind::AnyName => values.names(LiveNames::RECEIVERS),
        ValueKind::SocketFile => values.paths(),
        ValueKind::Listen => {
            if !values.takes_path("pty:", ShellAction::Folders)
                && !values.takes_no_name(&["tcp:", "fd:", "pty:"])
            {
                values.answer.action = ShellAction::Folders;
            }
        }
        ValueKind::Target => {
            if !values.takes_path("assuan:", ShellAction::Files)
                && !values.takes_path("pty:", ShellAction::Folders)
                && !values.takes_no_name(&["tcp:", "assuan:", "exec:", "pty:"])
            {
                values.names(LiveNames::STREAM_SERVERS);
            }
        }
        ValueKind::File => values.answer.action = ShellAction::Files,
        ValueKind::Group => values.add("", group_names()),
        ValueKind::User => values.add("", user_names()),
        ValueKind::Allowed => {
            values.add("", ["any", "user:", "group:", "uid:", "gid:"].map(str::to_owned));
            values.add("user:", user_names());
            values.add("group:", group_names());
        }
        ValueKind::ServerUser => {
            values.add("", ["me", "user:", "uid:"].map(str::to_owned));
            let prefix = if word.starts_with("user:") { "user:" } else { "" };
            values.add(prefix, user_names());
        }
    }
}

/// Returns values that the definition lists, of which a word can have several with commas.
fn listed(arg: &Arg, word: &str) -> Vec<Candidate> {
    let delimiter = arg.get_value_delimiter().and_then(|comma| word.rfind(comma));
    let (earlier, word) = word.split_at(delimiter.map_or(0, |place| place + 1));
    let values = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
    // An alias is proposed if it is typed.
    let candidate = |value: clap::builder::PossibleValue| {
        if earlier.split(',').any(|used| value.matches(used, false)) {
            return None;
        }
        let is_name = |name: &&str| *name == value.get_name() || !word.is_empty();
        let mut names = value.get_name_and_aliases().filter(is_name);
        let name = names.find(|name| name.starts_with(word))?;
        Some(Candidate::new(format!("{earlier}{name}"), value.get_help()))
    };
    values.filter_map(candidate).collect()
}

struct Values<'a> {
    word: &'a str,
    /// Whether the shell itself completes paths of sockets.
    shell_finds_sockets: bool,
    answer: &'a mut CompletionAnswer,
}

impl Values<'_> {
    /// Adds texts after a prefix. A prefix that is not typed yet adds nothing.
    fn add(&mut self, prefix: &str, texts: impl IntoIterator<Item = String>) {
        let Some(word) = self.word.strip_prefix(prefix) else { return };
        let texts = texts.into_iter().filter(|text| text.starts_with(word));
        let candidates = texts.map(|text| Candidate::new(format!("{prefix}{text}"), None));
        self.answer.candidates.extend(candidates);
    }

    /// Adds prefixes of endpoints. Returns whether the word has one, so that it is no name.
    fn takes_no_name(&mut self, prefixes: &[&str]) -> bool {
        let is_prefixed = prefixes.iter().any(|prefix| self.word.starts_with(prefix));
        if !is_prefixed {
            self.add("", prefixes.iter().map(ToString::to_string));
        }
        is_prefixed
    }

    /// Has the shell complete the path after a prefix, if the word has it. Returns whether it has.
    fn takes_path(&mut self, prefix: &str, action: ShellAction) -> bool {
        let is_prefixed = self.word.starts_with(prefix);
        if is_prefixed {
            self.answer.prefix.push_str(prefix);
            self.answer.action = action;
        }
        is_prefixed
    }

    fn names(&mut self, wanted: LiveNames) {
        if !self.word.contains('/') {
            self.add("", abstract_names(self.word, wanted));
            if self.word.is_empty() {
                self.add("", listening_paths(wanted));
            }
        }
        self.paths();
    }

    /// Adds socket files and folders. A word without a slash is no path, so that socket files of the
    /// current folder have `./` before them; they are added if nothing else begins with the word.
    fn paths(&mut self) {
        let has_slash = self.word.contains('/');
        if has_slash && self.shell_finds_sockets {
            self.answer.action = ShellAction::Sockets;
        } else if has_slash {
            self.add("", socket_files(self.word));
        } else if self.answer.candidates.is_empty() || self.word.is_empty() {
            let files = socket_files(&format!("./{}", self.word));
            self.answer.candidates.extend(files.into_iter().map(|file| Candidate::new(file, None)));
        }
    }
}
