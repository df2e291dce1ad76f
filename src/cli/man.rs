//! Tests that the man pages agree with the definitions. Parts that follow from the definitions are
//! generated between two comments of each page; the rest is checked against the definitions.
//!
//! `LSOCK_BLESS=1 cargo test man` rewrites the pages.

use super::definition;
use clap::{Arg, ArgAction, Command};
use local_socket::Platform;
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// Each page with the command that it documents.
const PAGES: [(&str, &[&str]); 5] = [
    ("man/lsock.1", &[]),
    ("man/lsock-listen.1", &["listen"]),
    ("man/lsock-connect.1", &["connect"]),
    ("man/lsock-relay.1", &["relay"]),
    ("man/lsock-bench.1", &["bench"]),
];

/// Other documents that must not name unknown options.
const OTHERS: [&str; 4] =
    ["man/lsock-names.7", "man/lsock-pipes.7", "man/lsock-tour.7", "README.md"];

/// Options of other programs that the documents name.
const FOREIGN: [&str; 14] = [
    "--workspace",
    "--path",
    "--open",
    "--target",
    "--all-features",
    "--now",
    "--bench",
    "--mps",
    "--test",
    "--time",
    "--list-dirs",
    "--list-secret-keys",
    "--kill",
    "--create-socketdir",
];

#[test]
fn pages_hold_what_follows_from_the_definitions() {
    agree("man/lsock.1", "commands", &commands(&command(&[])));
    for (page, words) in PAGES {
        agree(page, "options", &options(&command(words)));
    }
}

#[test]
fn synopses_have_every_positional_in_order() {
    for (page, words) in PAGES.into_iter().filter(|(_, words)| !words.is_empty()) {
        let text = read(page);
        let (_, rest) = text.split_once("\n.SH SYNOPSIS\n").unwrap_or_else(|| panic!("{page}"));
        let synopsis = rest.split("\n.SH ").next().unwrap_or_default();
        let command = command(words);
        let positionals = command.get_positionals().map(value_name);
        let mut expected = vec![format!("\\fBlsock {}\\fR", words.join(" "))];
        expected.extend(positionals.map(|name| format!("\\fI{name}\\fR")));
        let found = expected.iter().map(|part| synopsis.find(part.as_str()));
        let found: Vec<_> =
            found.map(|at| at.unwrap_or_else(|| panic!("{page}: {expected:?}"))).collect();
        assert!(found.is_sorted(), "{page}: not in this order: {expected:?}");
    }
}

#[test]
fn documents_name_only_options_that_there_are() {
    let mut known: BTreeSet<String> = FOREIGN.map(str::to_owned).into();
    for (_, words) in PAGES {
        let command = command(words);
        known.extend(command.get_opts().filter_map(Arg::get_long).map(|long| format!("--{long}")));
        known.extend(
            command.get_arguments().filter_map(Arg::get_long).map(|long| format!("--{long}")),
        );
    }
    for page in PAGES.map(|(page, _)| page).iter().chain(&OTHERS) {
        for word in long_options(&read(page)) {
            assert!(known.contains(&word), "{page} speaks of {word}");
        }
    }
}

#[test]
fn lines_that_replace_those_of_other_tools_are_understood() {
    if Platform::CURRENT == Platform::Windows {
        // Some of the names are paths.
        return;
    }
    let readme = read("README.md");
    let cells = readme.lines().filter_map(|line| line.rsplit_once("| `lsock "));
    let cells = cells.map(|(_, cell)| cell.trim_end_matches("` |").replace("\\|", "|"));
    let page = read("man/lsock.1").replace("\\-", "-").replace("\\(aq", "'");
    let (_, section) = page.split_once(".SH COMING FROM OTHER TOOLS").unwrap_or_default();
    let lines = section.lines().filter_map(|line| line.strip_prefix("lsock "));
    let lines: Vec<String> = cells.chain(lines.map(str::to_owned)).collect();
    assert!(lines.len() > 30, "only {}", lines.len());
    for line in lines.iter().filter(|line| !line.contains("//./")) {
        // Remove redirections and quotes, which the shell handles.
        let line = line.split(" < ").next().unwrap_or_default();
        let line = line.replace("...", "listen ./a.sock");
        let words = ["lsock"].into_iter().chain(line.split_whitespace());
        let result = definition().try_get_matches_from(words);
        assert!(result.is_ok(), "lsock {line}: {:?}", result.err());
    }
}

/// Returns every word that looks like a long option.
fn long_options(text: &str) -> BTreeSet<String> {
    let text = text.replace("\\-", "-");
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    text.match_indices("--")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| is_part(c) || c == '|'))
        .map(|(at, _)| {
            let rest = &text[at..];
            &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
        })
        .filter(|word| word.len() > 2 && !word.starts_with("---"))
        .map(str::to_owned)
        .collect()
}

/// Compares a generated part of a page with its expected text.
#[track_caller]
fn agree(page: &str, part: &str, expected: &str) {
    let begin = format!(".\\\" begin {part}: written by LSOCK_BLESS=1 cargo test man\n");
    let end = format!(".\\\" end {part}\n");
    let text = read(page);
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{page}: no {begin}"));
    let (found, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page}: no {end}"));
    if found == expected {
        return;
    }
    if std::env::var_os("LSOCK_BLESS").is_some() {
        let text = [before, &begin, expected, &end, after].concat();
        // Rename, because other tests read the pages at the same time.
        let new = path(&format!("{page}.new"));
        fs::write(&new, text).unwrap_or_else(|error| panic!("{page}: {error}"));
        fs::rename(new, path(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    } else {
        assert_eq!(found, expected, "{page} is out of date: LSOCK_BLESS=1 cargo test man");
    }
}

fn path(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(page)
}

fn read(page: &str) -> String {
    // Git may have converted line endings on Windows.
    fs::read_to_string(path(page))
        .unwrap_or_else(|error| panic!("{page}: {error}"))
        .replace("\r\n", "\n")
}

/// Returns the built definition of a command.
fn command(words: &[&str]) -> Command {
    let mut root = definition();
    root.build();
    words.iter().fold(root, |command, word| {
        command.find_subcommand(word).unwrap_or_else(|| panic!("no command {word}")).clone()
    })
}

/// Returns the list of commands with their descriptions.
fn commands(root: &Command) -> String {
    let mut out = String::new();
    for command in root.get_subcommands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let mut usage = format!("\\fBlsock {}\\fR", command.get_name());
        for arg in command.get_positionals() {
            let name = value_name(arg);
            let text = if arg.is_last_set() {
                format!(" [\\fB\\-\\-\\fR \\fI{name}\\fR [\\fIARG\\fR]...]")
            } else {
                format!(" \\fI{name}\\fR")
            };
            usage.push_str(&text);
        }
        let _ = writeln!(out, ".TP\n{usage}\n{}", roff(&sentence(&about)));
    }
    out
}

/// Returns the options under their headings; options without a heading come last.
fn options(command: &Command) -> String {
    let mut out = String::new();
    for arg in command.get_positionals() {
        option(&mut out, arg);
    }
    let mut headings: Vec<&str> = Vec::new();
    for heading in command.get_opts().filter_map(Arg::get_help_heading) {
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    for heading in headings {
        let _ = writeln!(out, ".SS {heading}");
        let mut args: Vec<&Arg> = command
            .get_arguments()
            .filter(|arg| !arg.is_positional() && arg.get_help_heading() == Some(heading))
            .collect();
        if heading == "Everywhere" {
            let rest = command.get_arguments().filter(|arg| arg.get_help_heading().is_none());
            args.extend(rest.filter(|arg| !arg.is_positional()));
        }
        args.into_iter().for_each(|arg| option(&mut out, arg));
    }
    out
}

fn option(out: &mut String, arg: &Arg) {
    let _ = writeln!(out, ".TP\n{}", tag(arg));
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    // clap's own text for --help does not fit a man page.
    let help = match arg.get_action() {
        ArgAction::Help => "Print help: with \\-h a summary, with \\-\\-help all of it.".to_owned(),
        _ => {
            help.split("\n\n").map(|text| roff(&sentence(text))).collect::<Vec<_>>().join("\n.IP\n")
        }
    };
    let _ = writeln!(out, "{help}");
    let values = arg.get_possible_values();
    let default = arg.get_default_values().first().map(|value| value.to_string_lossy());
    if !arg.get_action().takes_values() {
        return;
    }
    if values.is_empty() {
        if let Some(default) = default {
            let _ = writeln!(out, ".IP\nDefault: \\fB{}\\fR.", roff(&default));
        }
        return;
    }
    let _ = writeln!(out, ".RS");
    for value in values {
        let name = value.get_name();
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        let mark = if default.as_deref() == Some(name) { " (default)" } else { "" };
        let _ = writeln!(out, ".TP\n\\fB{}\\fR{mark}\n{}", roff(name), roff(&sentence(&help)));
    }
    let _ = writeln!(out, ".RE");
}

/// Returns the option as it is typed.
fn tag(arg: &Arg) -> String {
    if arg.is_positional() {
        let name = value_name(arg);
        return if arg.is_last_set() {
            format!("\\fB\\-\\-\\fR \\fI{name}\\fR [\\fIARG\\fR]...")
        } else {
            format!("\\fI{name}\\fR")
        };
    }
    let short = arg.get_short().map(|short| format!("\\fB\\-{short}\\fR"));
    let long = arg.get_long().map(|long| format!("\\fB\\-\\-{}\\fR", roff(long)));
    let mut tag = [short, long].into_iter().flatten().collect::<Vec<_>>().join(", ");
    if arg.get_action().takes_values() {
        let name = value_name(arg);
        let is_optional = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
        tag.push_str(&if is_optional {
            format!("[=\\fI{name}\\fR]")
        } else {
            format!(" \\fI{name}\\fR")
        });
    }
    tag
}

fn value_name(arg: &Arg) -> String {
    arg.get_value_names()
        .and_then(|names| names.first())
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Adds the full stop that clap removes from a help text of one sentence.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let is_open = !text.is_empty() && !text.ends_with(['.', ':', '!', '?']);
    format!("{text}{}", if is_open { "." } else { "" })
}

/// Escapes text for man(7); `code` becomes bold.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            out.push_str(if index % 2 == 1 { "\\fB" } else { "\\fR" });
        }
        out.push_str(part);
    }
    let is_request = out.starts_with(['.', '\'']);
    // Each sentence ends its line, so that the formatter spaces it.
    wrapped(&format!("{}{}", if is_request { "\\&" } else { "" }, out.replace(". ", ".\n")))
}

/// Wraps lines to 80 bytes, which `mandoc -T lint` requires.
fn wrapped(text: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for mut line in text.lines() {
        while line.len() > 80
            && let Some(at) = line[..=80].rfind(' ')
        {
            out.push(&line[..at]);
            line = &line[at + 1..];
        }
        out.push(line);
    }
    out.join("\n")
}
