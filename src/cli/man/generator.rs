//! Writes the parts of the man pages that follow from the definitions.

use clap::{Arg, ArgAction, Command};
use std::fmt::Write as _;

/// Returns the list of commands with their descriptions.
pub(super) fn commands(root: &Command) -> String {
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
pub(super) fn options(command: &Command) -> String {
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

pub(super) fn value_name(arg: &Arg) -> String {
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
