//! Command lines of npiperelay.

use super::{habit::as_endpoint, line::quoted};

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
    let mut line = match (place, has("a")) {
        (Some(file), true) => format!("lsock relay - {}", quoted(&format!("assuan:{file}"))),
        (None, true) => "lsock relay - assuan:FILE".to_owned(),
        (Some(pipe), false) => format!("lsock connect {}", quoted(&as_endpoint(pipe))),
        (None, false) => "lsock connect NAME".to_owned(),
    };
    let options = [("p", " --wait"), ("ei", " --eof close")];
    line.extend(options.iter().filter(|(option, _)| has(option)).map(|(_, ours)| *ours));
    Some(format!("`{line}`"))
}
