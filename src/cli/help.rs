//! `lsock help`: the help of a command, or a page of the manual.

use super::{
    Cli, Everywhere, UsageError,
    usage::{first_word, is_near},
};
use crate::manual::Page;
use clap::{
    Arg, ArgAction, Args, CommandFactory as _, FromArgMatches as _,
    builder::{PossibleValue, PossibleValuesParser},
};
use std::ffi::OsString;

/// The command.
pub(super) const NAME: &str = "help";

/// The commands that have help.
const COMMANDS: [&str; 9] =
    ["listen", "connect", "relay", "tap", "bench", "name", "ls", "replay", "completions"];

const TOPIC: &str = "topic";

/// Returns the definition for the help of lsock and for completions. The `help` of clap would build
/// all commands at each start.
pub(super) fn definition() -> clap::Command {
    let topics = |help: clap::Command| {
        let root = Cli::command();
        let of_command = |name: &'static str| {
            let about = root.find_subcommand(name).and_then(clap::Command::get_about);
            PossibleValue::new(name).help(about.cloned().unwrap_or_default())
        };
        let of_page = |page: Page| PossibleValue::new(page.word()).help(page.about());
        let commands = COMMANDS.map(of_command);
        let topics: Vec<_> = commands.into_iter().chain(Page::ALL.map(of_page)).collect();
        help.arg(
            Arg::new(TOPIC)
                .value_name("TOPIC")
                .help("The command or the page of the manual to print")
                .value_parser(PossibleValuesParser::new(topics)),
        )
    };
    let help = clap::Command::new(NAME);
    help.about("Print the help of a command, or a page of the manual").defer(topics)
}

/// Returns the end of the help of lsock: the pages of the manual.
pub(super) fn pages(root: &clap::Command) -> String {
    let header = root.get_styles().get_header();
    let mut text = format!("{header}Manual, as printed by `lsock help PAGE`:{header:#}");
    let width = Page::ALL.map(|page| page.word().len()).into_iter().max().unwrap_or(0);
    for page in Page::ALL {
        text.push_str(&format!("\n  {:width$}  {}", page.word(), page.about()));
    }
    text
}

/// A request for help.
pub(super) enum Help {
    /// A command line with `--help`.
    Option(Vec<OsString>),
    Page(Page, Everywhere),
}

/// Reads a command line with the command `help`. Returns `None` if it has another command.
///
/// # Errors
/// There is more than one topic, the topic is unknown, or an option is.
pub(super) fn parse(args: &[OsString]) -> Result<Option<Help>, UsageError> {
    let Some(place) = first_word(args).filter(|place| args[*place] == *NAME) else {
        return Ok(None);
    };
    let words = args[..place].iter().chain(&args[place + 1..]);
    let parser = clap::Command::new("lsock")
        .disable_help_flag(true)
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::SetTrue))
        .arg(Arg::new(TOPIC).action(ArgAction::Append));
    let matches = Everywhere::augment_args(parser).try_get_matches_from(words)?;
    let mut topics = matches.get_many::<String>(TOPIC).into_iter().flatten();
    let (topic, next) = (topics.next().map(String::as_str), topics.next());
    if let (Some(first), Some(next)) = (topic, next) {
        let message =
            format!("`lsock help` explains one command or page: `{next}` is one too many");
        return Err(UsageError::Advised(message, format!("see `lsock help {first}`")));
    }
    let option = |words: &[&str]| {
        let options = args[..place].iter().cloned();
        Ok(Some(Help::Option(options.chain(words.iter().map(OsString::from)).collect())))
    };
    let Some(topic) = topic.filter(|topic| *topic != NAME) else { return option(&["--help"]) };
    if COMMANDS.contains(&topic) {
        return option(&[topic, "--help"]);
    }
    let Some(page) = Page::of(topic) else { return Err(unknown(topic)) };
    let everywhere = Everywhere::from_arg_matches(&matches)?;
    Ok(Some(Help::Page(page, everywhere)))
}

fn unknown(topic: &str) -> UsageError {
    let pages = Page::ALL.map(Page::word);
    let hint = match COMMANDS.iter().chain(&pages).find(|meant| is_near(topic, meant)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "the commands are {}; the pages of the manual are {}",
            COMMANDS.join(", "),
            pages.join(", ")
        ),
    };
    let message = format!("there is no help on `{topic}`");
    UsageError::Advised(message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_help() {
        let root = Cli::command();
        let names: Vec<&str> = root.get_subcommands().map(clap::Command::get_name).collect();
        assert_eq!(names, COMMANDS);
    }
}
