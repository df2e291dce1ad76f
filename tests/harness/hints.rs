//! Errors and hints of lsock: a command line in them must be one that lsock takes.

use super::running::spawn;
use std::process::{Child, Command, Stdio};

/// Words that stand for what the user knows, with an example of it.
const PLACEHOLDERS: [(&str, &str); 9] = [
    ("NAME", "@name"),
    ("LISTEN", "@listen"),
    ("TARGET", "@target"),
    ("FILE", "./file"),
    ("CMD", "hostname"),
    ("SHELL", "bash"),
    ("TOPIC", "names"),
    ("HOST", "localhost"),
    ("PORT", "80"),
];

/// Commands that have `--explain`, which opens nothing.
const EXPLAINED: [&str; 4] = ["listen", "connect", "relay", "bench"];

/// Checks the command lines of lsock in an error and its hint. Returns what is wrong.
pub(super) fn check(stderr: &str) -> Result<(), String> {
    stderr.lines().flat_map(command_lines).try_for_each(check_line)
}

/// Returns the command lines of lsock between backquotes.
fn command_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((_, quoted)) = rest.split_once('`') {
        // A backquote within the quotes of a shell is a part of the line.
        let mut ends = quoted.match_indices('`').map(|(end, _)| end);
        let end = ends.find(|end| split(&quoted[..*end]).is_some()).or(quoted.rfind('`'));
        let line = &quoted[..end.unwrap_or(quoted.len())];
        // A line can begin with another program, such as nsenter.
        if line.starts_with("lsock ") || line.contains(" lsock ") {
            lines.push(line);
        }
        rest = quoted.get(line.len() + 1..).unwrap_or_default();
    }
    lines
}

fn check_line(line: &str) -> Result<(), String> {
    let words = split(line).ok_or_else(|| format!("no words for a shell: {line}"))?;
    let words = words.iter().skip_while(|word| *word != "lsock").skip(1);
    let words = words.take_while(|word| !["<", ">"].contains(&word.as_str()));
    let mut words: Vec<String> = words.map(|word| without_placeholder(word)).collect();
    let is_command = |word: &String| EXPLAINED.contains(&word.as_str());
    if let Some(place) = words.iter().position(is_command)
        && words.last().is_none_or(|last| last != "--help")
        && words[0] != "help"
    {
        words.insert(place + 1, "--explain".to_owned());
    }
    let lsock = env!("CARGO_BIN_EXE_lsock");
    let mut command = Command::new(lsock);
    command.args(&words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let outcome = spawn(&mut command).and_then(Child::wait_with_output);
    let outcome = outcome.map_err(|error| error.to_string())?;
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    // Programs that this machine lacks, and descriptors that only a service manager passes, or that
    // this system lacks.
    let is_elsewhere =
        ["lsock: cannot run `", "lsock: cannot listen on fd:", "lsock: fd:N is not available: "];
    if outcome.status.code() == Some(2) && !is_elsewhere.iter().any(|text| stderr.starts_with(text))
    {
        return Err(format!("the message names `{line}`, which is wrong usage:\n{stderr}"));
    }
    Ok(())
}

/// Replaces the placeholder that a word is, or has between colons.
fn without_placeholder(word: &str) -> String {
    let part = |part: &str| {
        let known = PLACEHOLDERS.iter().find(|(name, _)| *name == part);
        known.map_or(part, |(_, example)| *example).to_owned()
    };
    // The shell replaces `~`, which stands outside of quotes in hints.
    match word.strip_prefix("~/") {
        Some(rest) if cfg!(unix) => format!("/home/{rest}"),
        _ => word.split(':').map(part).collect::<Vec<_>>().join(":"),
    }
}

/// Splits a line into words as a shell of this system does.
fn split(line: &str) -> Option<Vec<String>> {
    if cfg!(unix) {
        return shlex::split(line);
    }
    let mut words = Vec::new();
    let mut word = None;
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_with(String::new);
            }
            ' ' if !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_with(String::new).push(c),
        }
    }
    words.extend(word);
    (!is_quoted).then_some(words)
}
