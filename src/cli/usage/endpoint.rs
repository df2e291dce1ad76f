//! Hints for texts that are no endpoints: the words of lsock that are meant.

use super::{
    line::{self, joined, quoted},
    sides::{ONLY_CONNECTS, ONLY_LISTENS, Translation, is_exposed, translate, use_socat},
};
use crate::{
    cli::{Connect, Listen, Relay},
    endpoint::{ForeignAddress, ForeignRole, Meaning, NotAnEndpoint, RefusalReason, parse_name},
};
use clap::{Args as _, value_parser};
use local_socket::{
    Platform,
    error::{NameError, NameProblem},
    is_plain,
};
use std::ffi::{OsStr, OsString};

/// The forms of names, where no better hint is known.
const FORMS: &str = match Platform::CURRENT {
    Platform::Windows => r"a bare word, @a or \\.\pipe\a is the name of a pipe; see lsock-names(7)",
    Platform::Linux | Platform::Unix => {
        "a slash makes a file (./a), a bare word or @a an own name; see lsock-names(7)"
    }
};

/// Returns the hint for the error; `help` names the help of the command.
pub(super) fn hint(error: &NotAnEndpoint, args: &[OsString], help: String) -> Option<String> {
    let command = line::command(args);
    match (error.reason(), command.as_deref()) {
        (RefusalReason::Name(error), _) => of_name(error),
        (RefusalReason::Kind, Some("relay")) => Some(match translated(args) {
            Some((_, Translation::Hint(hint))) => hint,
            _ => help,
        }),
        (RefusalReason::Kind, _) => Some(help),
        (RefusalReason::Foreign(_), Some("relay")) => Some(relay(args).unwrap_or(help)),
        (RefusalReason::Foreign(address), Some(command @ ("listen" | "connect"))) => {
            Some(with_name(args, command, address))
        }
        // Commands that take names alone, and options of bench.
        (RefusalReason::Foreign(address), command) => {
            let is_taken =
                |endpoint: &str| command == Some("bench") || parse_name(endpoint.as_ref()).is_ok();
            Some(match (&address.meaning, address.meaning.endpoint()) {
                (Meaning::Advice { hint, .. }, _) => hint.clone(),
                // An endpoint of another kind is no name either.
                (_, Some(endpoint)) if is_taken(&endpoint) => {
                    format!("write {}", quoted(&endpoint))
                }
                _ => help,
            })
        }
    }
}

/// Returns how to write the text so that it is a name, or the forms of names.
fn of_name(error: &NameError) -> Option<String> {
    let text = error.text().to_string_lossy();
    match error.problem() {
        // The message says it.
        NameProblem::FileOrWord { .. } | NameProblem::NotLiteral => None,
        NameProblem::BadCharacter { .. } | NameProblem::NoLetter
            if text.chars().all(is_plain) && text != "." && text != ".." =>
        {
            let [file, name] = ["./", "@"].map(|start| quoted(&format!("{start}{text}")));
            Some(match Platform::CURRENT {
                Platform::Linux => {
                    format!("write {name} for an abstract name, {file} for a socket file")
                }
                Platform::Unix => {
                    format!("write {name} for a file in the runtime folder, {file} for any other")
                }
                Platform::Windows => format!("write {name} for a named pipe"),
            })
        }
        NameProblem::TooLong { limit, .. } => too_long(error.text(), limit),
        _ => Some(FORMS.to_owned()),
    }
}

/// Returns how a path that is too long can be given relative to its folder, if that is short
/// enough.
fn too_long(path: &OsStr, limit: usize) -> Option<String> {
    let text = path.to_str().filter(|text| text.chars().all(is_plain))?;
    let (folder, file) = text.rsplit_once('/')?;
    if Platform::CURRENT == Platform::Windows || folder.is_empty() || file.is_empty() {
        return None;
    }
    let file = Some(format!("./{file}")).filter(|file| file.len() <= limit)?;
    let [folder, file] = [folder, &file].map(quoted);
    Some(format!("`cd {folder}` first; there the name is {file}, which is short enough"))
}

/// Returns the endpoints of the command line as they are typed.
fn positionals(args: &[OsString], command: &str) -> Vec<Option<OsString>> {
    let empty = clap::Command::new("lsock").no_binary_name(true);
    let (definition, names) = match command {
        "listen" => (Listen::augment_args(empty), &["name"][..]),
        "connect" => (Connect::augment_args(empty), &["name"][..]),
        _ => (Relay::augment_args(empty), &["listen", "target"][..]),
    };
    let as_typed = |arg: clap::Arg| match names.iter().any(|name| arg.get_id() == *name) {
        true => arg.value_parser(value_parser!(OsString)).required(false),
        false => arg,
    };
    let definition = definition.mut_args(as_typed).ignore_errors(true);
    let start = line::first_word(args).map_or(args.len(), |command| command + 1);
    let matches = definition.try_get_matches_from(&args[start..]).ok();
    let typed = |name: &&str| matches.as_ref()?.get_one::<OsString>(name).cloned();
    names.iter().map(typed).collect()
}

/// Returns the sides of a relay as they are typed, and their translation.
fn translated(args: &[OsString]) -> Option<(Vec<String>, Translation)> {
    let sides = positionals(args, "relay").into_iter().flatten();
    let typed: Vec<String> = sides.map(|side| side.into_string().ok()).collect::<Option<_>>()?;
    let translation = translate(&typed.iter().map(String::as_str).collect::<Vec<_>>())?;
    Some((typed, translation))
}

/// Returns the line of a relay with both sides in the words of lsock, or what to use instead.
fn relay(args: &[OsString]) -> Option<String> {
    let (typed, endpoints) = match translated(args)? {
        (typed, Translation::Endpoints(endpoints)) => (typed, endpoints),
        (_, Translation::Hint(hint)) => return Some(hint),
    };
    // The other words stay as they are.
    let mut words = words_of(args)?;
    for (text, endpoint) in typed.iter().zip(&endpoints) {
        let place = words.iter_mut().skip(1).find(|word| *word == text)?;
        place.clone_from(endpoint);
    }
    // A command is missing after `--` at the end.
    if words.last().is_some_and(|last| last == "--") {
        words.pop();
    }
    let has = |option: &str| words.iter().any(|word| word == option);
    let lacks_target = endpoints.len() == 1 && !has("--");
    let is_exposed = endpoints.first().is_some_and(|listen| is_exposed(listen));
    let lacks_expose = is_exposed && !has("--expose") && !has("--");
    words.extend(lacks_target.then(|| "TARGET".to_owned()));
    words.extend(lacks_expose.then(|| "--expose".to_owned()));
    Some(format!("`{}`", joined(words)))
}

/// Returns the line of a command that takes one name.
fn with_name(args: &[OsString], command: &str, address: &ForeignAddress) -> String {
    let is_listen = command == "listen";
    match &address.meaning {
        Meaning::Name(name) => {
            let command = match address.role {
                ForeignRole::Listen => "listen",
                ForeignRole::Connect => "connect",
                ForeignRole::Either => command,
            };
            named_line(args, command, name, address.forks)
                .unwrap_or_else(|| format!("`lsock {command} {}`", quoted(name)))
        }
        Meaning::Tcp(endpoint) => {
            let listens = match address.role {
                ForeignRole::Listen => true,
                ForeignRole::Connect => false,
                ForeignRole::Either => is_listen,
            };
            let endpoint = quoted(endpoint);
            if listens {
                format!("`lsock relay {endpoint} -`")
            } else {
                format!("`lsock relay - {endpoint}`")
            }
        }
        Meaning::Assuan(_) if is_listen => ONLY_CONNECTS.to_owned(),
        Meaning::Fd(endpoint) | Meaning::Pty(endpoint) if is_listen => {
            format!("`lsock relay {} -`", quoted(endpoint))
        }
        Meaning::Assuan(endpoint) | Meaning::Pty(endpoint) => {
            format!("`lsock relay - {}`", quoted(endpoint))
        }
        Meaning::Fd(_) => ONLY_LISTENS.to_owned(),
        Meaning::Stdio => {
            format!("`lsock {command} NAME` joins to stdin and stdout by itself")
        }
        Meaning::Command(line) => format!("`lsock {command} NAME -- {}`", line.shell_words()),
        Meaning::Absent { socat, .. } => use_socat(socat),
        Meaning::Advice { hint, .. } => hint.clone(),
    }
}

/// Returns the command line with the command and the name replaced.
fn named_line(args: &[OsString], command: &str, name: &str, forks: bool) -> Option<String> {
    let typed = positionals(args, line::command(args)?.as_str()).into_iter().next()??;
    let at = line::first_word(args)?;
    let mut words = words_of(args)?;
    let place = words.iter_mut().skip(at + 1).find(|word| typed.to_str() == Some(word.as_str()))?;
    name.clone_into(place);
    let is_kept = words.iter().any(|word| word == "-k" || word == "--keep-open");
    let command = if forks && command == "listen" && !is_kept { "listen -k" } else { command };
    let (before, after) = (&words[..at], &words[at + 1..]);
    Some(format!("`{} {command} {}`", joined(before), joined(after)))
}

/// Returns the words of the command line, which has to be text; the program is called lsock.
fn words_of(args: &[OsString]) -> Option<Vec<String>> {
    let words = args.iter().skip(1).map(|arg| arg.to_str().map(str::to_owned));
    std::iter::once(Some("lsock".to_owned())).chain(words).collect()
}
