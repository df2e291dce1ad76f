//! Command lines of nc and ncat.

use super::{
    habit::as_endpoint,
    line::{joined, quoted},
    sides::is_exposed,
};
use crate::{diag::shell_of, endpoint::is_number};
use local_socket::{Name, Platform};

/// Options of nc and ncat with a value.
const WITH_VALUE: &str = "cegimopqswxX";

/// Options that the line of lsock has or does not need.
const KNOWN: &str = "lUkNzuvwecdpnrt46CqiF>";

/// `--send-only` has no short form.
const SEND_ONLY: char = '>';

/// Long options and the short ones with the same meaning.
const LONG: [(&str, char); 13] = [
    ("listen", 'l'),
    ("unixsock", 'U'),
    ("connect", 'U'),
    ("client", 'U'),
    ("keep-open", 'k'),
    ("udp", 'u'),
    ("recv-only", 'd'),
    ("send-only", SEND_ONLY),
    ("exec", 'e'),
    ("sh-exec", 'c'),
    ("source-port", 'p'),
    ("wait", 'w'),
    ("verbose", 'v'),
];

/// Whether names can be socket files.
const HAS_FILES: bool = !matches!(Platform::CURRENT, Platform::Windows);

/// The words of a command line of nc.
#[derive(Default)]
struct Netcat<'a> {
    options: Vec<(char, &'a str)>,
    operands: Vec<&'a str>,
}

impl<'a> Netcat<'a> {
    /// Separates options and operands. Returns `None` for unknown options and if a value is missing.
    fn parse(words: &[&'a str]) -> Option<Self> {
        let mut parsed = Self::default();
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                let (long, value) = match long.split_once('=') {
                    Some((long, value)) => (long, Some(value)),
                    None => (long, None),
                };
                let (_, option) = LONG.iter().find(|(known, _)| *known == long)?;
                let value = match value {
                    None if WITH_VALUE.contains(*option) => words.next()?,
                    value => value.unwrap_or_default(),
                };
                parsed.options.push((*option, value));
                continue;
            }
            let Some(mut short) = word.strip_prefix('-').filter(|short| !short.is_empty()) else {
                parsed.operands.push(word);
                continue;
            };
            while let Some(option) = short.chars().next() {
                short = &short[option.len_utf8()..];
                // The value is the rest of the word or the next word.
                let value = match short {
                    _ if !WITH_VALUE.contains(option) => "",
                    "" => words.next()?,
                    _ => std::mem::take(&mut short),
                };
                parsed.options.push((option, value));
            }
        }
        parsed.options.iter().all(|(option, _)| KNOWN.contains(*option)).then_some(parsed)
    }

    fn value(&self, option: char) -> Option<&'a str> {
        self.options.iter().find(|(other, _)| *other == option).map(|(_, value)| *value)
    }

    fn has(&self, option: char) -> bool {
        self.value(option).is_some()
    }

    /// Returns the endpoint of lsock.
    fn endpoint(&self) -> Option<String> {
        let port = |port: &str| if is_number(port) { port.to_owned() } else { "PORT".to_owned() };
        // The nc of some systems takes the port to listen on as an option.
        let local_port = self.value('p').filter(|_| self.has('l') && !self.has('U'));
        Some(match (&*self.operands, local_port) {
            ([], None) if self.has('U') || self.has('l') => "NAME".to_owned(),
            ([], None) => return None,
            ([], Some(local)) => as_endpoint(&format!("localhost:{}", port(local))),
            ([host], Some(local)) => as_endpoint(&format!("{host}:{}", port(local))),
            // A word after -U is a file in the working directory.
            ([name, ..], _) if self.has('U') => {
                let is_file = HAS_FILES && !name.contains(['/', '@', ':']);
                if is_file && Name::parse(*name).is_ok() {
                    format!("./{name}")
                } else {
                    as_endpoint(name)
                }
            }
            ([host, other, ..], _) if !host.contains(['/', '@']) => {
                format!("tcp:{host}:{}", port(other))
            }
            ([name, ..], _) => as_endpoint(name),
        })
    }

    /// Returns the command that serves the connection.
    fn command(&self) -> Option<Vec<String>> {
        let shell = |line: &str| {
            let [shell, option] = shell_of(Platform::CURRENT);
            Some([shell, option, line].map(str::to_owned).into())
        };
        self.value('e').and_then(shlex::split).or_else(|| self.value('c').and_then(shell))
    }
}

/// Returns the line of lsock for the arguments of nc or ncat.
pub(super) fn netcat(words: &[&str]) -> Option<String> {
    let netcat = Netcat::parse(words)?;
    let endpoint = netcat.endpoint()?;
    let has = |option| netcat.has(option);
    if has('u') {
        let address = datagrams(&endpoint, has('l'));
        return Some(format!("lsock has no datagrams; socat has: `socat - {}`", quoted(&address)));
    }
    if has('F') && (has('l') || endpoint.starts_with("tcp:") || !HAS_FILES) {
        return None;
    }
    let command = netcat.command().map(|command| format!("-- {}", joined(command)));
    let expose = if has('l') && is_exposed(&endpoint) { " --expose" } else { "" };
    let is_tcp = endpoint.starts_with("tcp:");
    let endpoint = quoted(&endpoint);
    if is_tcp {
        return match (has('l'), command) {
            (true, command) => {
                let target = command.unwrap_or_else(|| "-".to_owned());
                Some(format!("`lsock relay{expose} {endpoint} {target}`"))
            }
            (false, Some(_)) => None,
            (false, None) if has('z') => Some(format!("`lsock relay - {endpoint} < /dev/null`")),
            (false, None) => Some(format!("`lsock relay - {endpoint}`")),
        };
    }
    if has('z') && !has('l') && command.is_none() {
        return Some(format!("`lsock name -q --probe {endpoint}`"));
    }
    let line = match (has('l'), has('k')) {
        (true, true) => "listen -k",
        (true, false) => "listen",
        (false, _) if has('F') => "connect --pass-connection",
        (false, _) => "connect",
    };
    let direction = match (has('d'), has(SEND_ONLY)) {
        (true, _) => " --recv-only",
        (_, true) => " --send-only",
        _ => "",
    };
    let end = command.map(|command| format!(" {command}")).unwrap_or_default();
    Some(format!("`lsock {line}{direction} {endpoint}{end}`"))
}

/// Returns the address of socat for datagrams.
fn datagrams(endpoint: &str, listens: bool) -> String {
    if let Some(place) = endpoint.strip_prefix("tcp:") {
        return match place.rsplit_once(':') {
            Some((_, port)) if listens => format!("UDP-LISTEN:{port}"),
            _ => format!("UDP:{place}"),
        };
    }
    let direction = if listens { "RECV" } else { "SENDTO" };
    match endpoint.strip_prefix('@') {
        Some(name) => format!("ABSTRACT-{direction}:{name}"),
        None => format!("UNIX-{direction}:{endpoint}"),
    }
}
