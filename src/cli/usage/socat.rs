//! Command lines of socat.

use super::{
    habit::{as_endpoint, endpoint},
    line::joined,
    sides::{Translation, absent, is_exposed, role, translate},
};
use crate::endpoint::{ForeignRole, Meaning, parse_name, recognise};
use local_socket::Platform;

/// Returns the line of lsock for the words of socat: a relay, or the command that joins one name to
/// stdin and stdout.
pub(super) fn socat(words: &[&str]) -> String {
    let is_side = |word: &&&str| !word.starts_with('-') || **word == "-";
    let sides: Vec<&str> = words.iter().filter(is_side).copied().collect();
    let addresses = sides.iter().filter_map(|side| recognise(side, Platform::CURRENT));
    for address in addresses {
        if let Meaning::Absent { what, socat } = address.meaning {
            return absent(what, &socat);
        }
    }
    if let [first, second] = *sides {
        let is_stdio = |side: &str| as_endpoint(side) == "-";
        let name = if is_stdio(first) { second } else { first };
        if (is_stdio(first) || is_stdio(second)) && parse_name(as_endpoint(name).as_ref()).is_ok() {
            let forks = recognise(name, Platform::CURRENT).is_some_and(|address| address.forks);
            match role(name) {
                ForeignRole::Connect => return format!("`lsock connect {}`", endpoint(name)),
                ForeignRole::Listen if forks => {
                    return format!("`lsock listen -k {}`", endpoint(name));
                }
                ForeignRole::Listen => return format!("`lsock listen {}`", endpoint(name)),
                ForeignRole::Either => {}
            }
        }
    }
    let sides = match sides.len() {
        1 | 2 => translate(&sides),
        _ => None,
    };
    match sides {
        Some(Translation::Hint(hint)) => hint,
        Some(Translation::Endpoints(endpoints)) => {
            let target = if endpoints.len() == 1 { " TARGET" } else { "" };
            let expose = if is_exposed(&endpoints[0]) { " --expose" } else { "" };
            format!("`lsock relay {}{target}{expose}`", joined(endpoints))
        }
        None => "`lsock relay LISTEN TARGET`".to_owned(),
    }
}
