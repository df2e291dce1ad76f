//! Tests that the man pages agree with the definitions. Parts that follow from the definitions are
//! generated between two comments of each page; the rest is checked against the definitions.
//!
//! `LSOCK_BLESS=1 cargo test man` rewrites the pages.

mod generator;

use self::generator::{commands, options, value_name};
use super::definition;
use clap::{Arg, Command};
use local_socket::Platform;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each page with the command that it documents.
const PAGES: [(&str, &[&str]); 9] = [
    ("man/lsock.1", &[]),
    ("man/lsock-listen.1", &["listen"]),
    ("man/lsock-connect.1", &["connect"]),
    ("man/lsock-relay.1", &["relay"]),
    ("man/lsock-tap.1", &["tap"]),
    ("man/lsock-bench.1", &["bench"]),
    ("man/lsock-ls.1", &["ls"]),
    ("man/lsock-name.1", &["name"]),
    ("man/lsock-replay.1", &["replay"]),
];

/// Other documents that must not name unknown options.
const OTHERS: [&str; 5] = [
    "man/lsock-names.7",
    "man/lsock-pipes.7",
    "man/lsock-trace.7",
    "man/lsock-tour.7",
    "README.md",
];

/// Options of other programs that the documents name.
const FOREIGN: [&str; 16] = [
    "--exit-idle-time",
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
    "--unix-socket",
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
        let aliases = command.get_arguments().filter_map(Arg::get_all_aliases).flatten();
        known.extend(aliases.map(|long| format!("--{long}")));
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
