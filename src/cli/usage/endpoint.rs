//! Hints for texts that are no endpoints: the words of lsock that are meant.

use super::{
    habit::is_reversed,
    line::{self, joined, quoted},
};
use crate::{
    cli::{Connect, Listen, Relay},
    endpoint::{ForeignAddress, Meaning, NotAnEndpoint, RefusalReason, Role, recognise},
};
use clap::{Args as _, value_parser};
use local_socket::{
    Name, Platform,
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

const ONLY_LISTENS: &str = "an inherited socket can only be listened on";

/// Returns the hint for the error; `help` names the help of the command.
pub(super) fn hint(error: &NotAnEndpoint, args: &[OsString], help: String) -> Option<String> {
    match error.reason() {
        RefusalReason::Name(error) => of_name(error),
        RefusalReason::Kind => Some(help),
        RefusalReason::Foreign(address) => Some(match line::command(args).as_deref() {
            Some("relay") => relay(args, address).unwrap_or(help),
            Some(command @ ("listen" | "connect")) => with_name(args, command, address),
            // Options of bench.
            _ => match (&address.meaning, address.meaning.endpoint()) {
                (Meaning::Advice { hint, .. }, _) => hint.clone(),
                (_, Some(endpoint)) => format!("write {}", quoted(&endpoint)),
                (_, None) => help,
            },
        }),
    }
}

/// Returns the forms of a text that is not a name by which it is one, or other names that are.
fn of_name(error: &NameError) -> Option<String> {
    let text = error.text().to_string_lossy();
    match error.problem() {
        // The message says it.
        NameProblem::FileOrWord { .. } => None,
        NameProblem::NotOfWord { .. } | NameProblem::NoLetter
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
    let file = format!("./{file}");
    if Platform::CURRENT == Platform::Windows || folder.is_empty() || file.len() > limit {
        return None;
    }
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

/// Returns the line of a relay with both sides in the words of lsock.
fn relay(args: &[OsString], refused: &ForeignAddress) -> Option<String> {
    if let Meaning::Advice { hint, .. } = &refused.meaning {
        return Some(hint.clone());
    }
    let sides = positionals(args, "relay");
    let typed: Vec<&str> =
        sides.iter().flatten().map(|side| side.to_str()).collect::<Option<_>>()?;
    let address = |text: &&str| recognise(text, Platform::CURRENT);
    let mut sides: Vec<(String, Role)> = Vec::new();
    for (index, text) in typed.iter().enumerate() {
        sides.push(match address(text) {
            None => ((*text).to_owned(), Role::Either),
            Some(ForeignAddress { role, meaning, .. }) => {
                let endpoint = match &meaning {
                    Meaning::Absent { socat, .. } if index == 1 && role != Role::Listen => {
                        format!("exec:{}", joined(["socat", "-", socat.as_str()]))
                    }
                    Meaning::Absent { socat, .. } => return Some(use_socat(socat)),
                    Meaning::Fd(_) if index == 1 => return Some(ONLY_LISTENS.to_owned()),
                    meaning => meaning.endpoint()?,
                };
                (endpoint, role)
            }
        });
    }
    if let [(_, first), (_, second)] = &*sides
        && is_reversed(*first, *second)
    {
        sides.swap(0, 1);
    }
    let is_command = |side: &str| side.starts_with("exec:");
    // A command cannot be listened on, but it can be joined to a name.
    if let [(command, _), (name, _)] = &*sides
        && is_command(command)
        && let Some(line) = typed.iter().find_map(|text| match address(text)?.meaning {
            Meaning::Command(line) => Some(line),
            _ => None,
        })
        && Name::parse(name).is_ok()
    {
        return Some(format!("`lsock connect {} -- {}`", quoted(name), line.quoted()));
    }
    if sides.first().is_none_or(|(listen, _)| is_command(listen)) {
        return None;
    }
    // The other words stay as they are.
    let mut words = words_of(args)?;
    for (text, (endpoint, _)) in typed.iter().zip(&sides) {
        let place = words.iter_mut().skip(1).find(|word| word == text)?;
        place.clone_from(endpoint);
    }
    if let Some((listen, _)) = sides.first()
        && ["tcp:0.0.0.0:", "tcp:[::]:"].iter().any(|all| listen.starts_with(all))
        && !words.iter().any(|word| word == "--expose")
    {
        words.push("--expose".to_owned());
    }
    Some(format!("`{}`", joined(words)))
}

/// Returns the line of a command that takes one name.
fn with_name(args: &[OsString], command: &str, address: &ForeignAddress) -> String {
    let is_listen = command == "listen";
    match &address.meaning {
        Meaning::Name(name) => {
            let command = match address.role {
                Role::Listen => "listen",
                Role::Connect => "connect",
                Role::Either => command,
            };
            named_line(args, command, name, address.forks)
                .unwrap_or_else(|| format!("`lsock {command} {}`", quoted(name)))
        }
        Meaning::Tcp(endpoint) => {
            let listens = match address.role {
                Role::Listen => true,
                Role::Connect => false,
                Role::Either => is_listen,
            };
            let endpoint = quoted(endpoint);
            if listens {
                format!("`lsock relay {endpoint} -`")
            } else {
                format!("`lsock relay - {endpoint}`")
            }
        }
        Meaning::Fd(endpoint) if is_listen => format!("`lsock relay {} -`", quoted(endpoint)),
        Meaning::Fd(_) => ONLY_LISTENS.to_owned(),
        Meaning::Stdio => {
            format!("`lsock {command} NAME` joins to stdin and stdout by itself")
        }
        Meaning::Command(line) => format!("`lsock {command} NAME -- {}`", line.quoted()),
        Meaning::Absent { socat, .. } => use_socat(socat),
        Meaning::Advice { hint, .. } => hint.clone(),
    }
}

/// Returns the hint for an address that socat has.
fn use_socat(address: &str) -> String {
    format!("socat has it: `socat {} ...`", quoted(address))
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
