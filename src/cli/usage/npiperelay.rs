//! Command lines of npiperelay.

use super::{habit::as_endpoint, line::quoted};
use crate::endpoint::{Target, parse_name};
use std::ffi::OsStr;

/// Returns the line of lsock for the arguments of npiperelay, which joins stdin and stdout to a pipe,
/// or to a server of GnuPG with `-a`.
pub(super) fn npiperelay(words: &[&str]) -> Option<String> {
    // Go takes options with two dashes as well.
    let is_option = |word: &&str| word.starts_with('-');
    let has = |option: &str| {
        words
            .iter()
            .filter(|word| is_option(word))
            .any(|word| word.trim_start_matches('-') == option)
    };
    let place = words.iter().find(|word| !is_option(word));
    let assuan = |file: &str| format!("assuan:{file}");
    let mut line = match (place, has("a")) {
        (Some(file), true) if Target::parse(OsStr::new(&assuan(file))).is_ok() => {
            format!("lsock relay - {}", quoted(&assuan(file)))
        }
        (_, true) => format!("lsock relay - {}", assuan("FILE")),
        (Some(pipe), false) if parse_name(OsStr::new(&as_endpoint(pipe))).is_ok() => {
            format!("lsock connect {}", quoted(&as_endpoint(pipe)))
        }
        (_, false) => "lsock connect NAME".to_owned(),
    };
    let options = [("p", " --wait"), ("ei", " --eof close")];
    line.extend(options.iter().filter(|(option, _)| has(option)).map(|(_, ours)| *ours));
    Some(format!("`{line}`"))
}
