//! Commands and options of other programs that people try: what lsock calls them.

use super::{
    line::{self, joined, quoted},
    netcat::netcat,
    npiperelay::npiperelay,
    sides::{absent, role},
    socat::socat,
};
use crate::endpoint::{ForeignRole, Meaning, is_number, parse_name, recognise};
use local_socket::{Name, Platform, error::NameProblem, is_plain};
use std::ffi::OsString;

/// The hint for an option that runs a command of the shell.
const SHELL: &str = match Platform::CURRENT {
    Platform::Windows => "`-- cmd /c CMD` at the end runs a command of the shell",
    _ => "`-- sh -c 'CMD'` at the end runs a command of the shell",
};

/// Returns the hint for a line without a command of lsock.
pub(super) fn command(args: &[OsString]) -> Option<String> {
    // Options of lsock can come first; some of them are options of nc as well.
    let own = line::own_options(args);
    let words = args.iter().skip(1 + own).map(|arg| arg.to_str());
    let words: Vec<&str> = words.collect::<Option<_>>()?;
    let (first, rest) = words.split_first()?;
    let line = match first.to_ascii_lowercase().as_str() {
        _ if first.starts_with('-')
            && words.iter().any(|word| role(word) != ForeignRole::Either) =>
        {
            return Some(socat(&words));
        }
        _ if first.starts_with('-') => return netcat(&words),
        "nc" | "ncat" | "netcat" | "telnet" => return netcat(rest),
        "socat" => return Some(socat(rest)),
        "npiperelay" | "npiperelay.exe" => return npiperelay(rest),
        "client" | "open" | "dial" | "conn" | "attach" | "join" | "call" => "connect NAME",
        "server" | "serve" | "srv" | "bind" | "accept" | "host" | "daemon" => "listen NAME",
        "proxy" | "forward" | "fwd" | "tunnel" | "bridge" | "redirect" | "gateway" => {
            "relay LISTEN TARGET"
        }
        "send" | "write" | "push" | "put" => "connect --send-only NAME",
        "recv" | "receive" | "read" | "pull" | "get" | "subscribe" => "connect --recv-only NAME",
        "broadcast" | "publish" => "listen -k --broadcast NAME",
        "merge" | "hub" | "collect" => "listen -k --merge NAME",
        "status" | "info" | "inspect" | "check" | "test" | "stat" | "who" | "probe" | "lookup"
            if !rest.is_empty() =>
        {
            "name NAME"
        }
        "benchmark" | "perf" | "measure" | "speed" => "bench",
        "completion" | "complete" | "autocomplete" => "completions SHELL",
        "version" => "--version",
        "names" => "help names",
        "tour" | "examples" => "help tour",
        "man" | "manual" | "docs" => "help TOPIC",
        "list" | "ps" | "lsof" | "ss" | "status" if Platform::CURRENT == Platform::Linux => {
            return Some("`lsock ls` lists the local sockets of this machine".to_owned());
        }
        _ if matches!(rest, [port] if is_number(port)) && !first.contains('/') => {
            return netcat(&words);
        }
        _ if is_endpoint(first) && rest.iter().any(|word| is_endpoint(word)) => {
            return Some(socat(&words));
        }
        _ if is_endpoint(first) => return Some(alone(first)),
        _ => return None,
    };
    // `connect` and `listen` take names only.
    if let Some(file) = rest.first().filter(|word| as_endpoint(word).starts_with("assuan:"))
        && line.starts_with("connect")
    {
        return Some(format!("`lsock relay - {}`", endpoint(file)));
    }
    if rest.first().is_some_and(|word| as_endpoint(word).starts_with("tcp:")) {
        match line {
            "listen NAME" => return netcat(&[&["-l"], rest].concat()),
            _ if line.starts_with("connect") => return netcat(rest),
            _ => {}
        }
    }
    // The words that follow take the places of the placeholders.
    let (line, places) = match line.find(|c: char| c.is_ascii_uppercase()) {
        Some(place) => line.split_at(place),
        None => (line, ""),
    };
    let start: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let end = rest.iter().position(|word| *word == "--").unwrap_or(rest.len());
    let given = rest[..end].iter().map(|word| as_endpoint(word));
    let given = given.chain(rest[end..].iter().map(|word| (*word).to_owned()));
    let given: Vec<String> = start.iter().cloned().chain(given).collect();
    // The last place, such as TARGET, may be missing.
    let last = places.split_whitespace().next_back().map(str::to_owned);
    let with_last: Vec<String> = given.iter().cloned().chain(last).collect();
    let placeholders: Vec<String> =
        start.iter().cloned().chain(places.split_whitespace().map(str::to_owned)).collect();
    let is_given = |words: &Vec<String>| !rest.is_empty() && line::is_taken(words);
    let words = [given, with_last].into_iter().find(is_given).unwrap_or(placeholders);
    Some(format!("`lsock {}`", joined(words)))
}

/// Returns the hint for one endpoint in the place of a command.
fn alone(word: &str) -> String {
    let meaning = recognise(word, Platform::CURRENT).map(|address| address.meaning);
    match meaning {
        Some(Meaning::Absent { what, socat }) => absent(what, &socat),
        Some(Meaning::Advice { hint, .. }) => hint,
        _ => {
            let (name, endpoint) = (as_endpoint(word), endpoint(word));
            if parse_name(name.as_ref()).is_ok() {
                format!(
                    "`lsock connect {endpoint}` connects to it, `lsock listen {endpoint}` listens on it"
                )
            } else if name.starts_with("tcp:") {
                format!("`lsock relay - {endpoint}`, or `lsock relay {endpoint} -` to listen")
            } else if name.starts_with("assuan:") {
                format!("`lsock relay - {endpoint}` connects to it")
            } else {
                "`lsock relay LISTEN TARGET` takes endpoints that are no names".to_owned()
            }
        }
    }
}

/// Returns whether a word is a name or another endpoint, and not an attempt at a command.
fn is_endpoint(word: &str) -> bool {
    let is_special = word.contains(['/', '@']) || word.starts_with(r"\\");
    let is_kind = ["tcp:", "assuan:", "exec:", "fd:"].iter().any(|prefix| word.starts_with(prefix));
    is_special
        || is_kind
        || word == "-"
        || could_be_file(word)
        || recognise(word, Platform::CURRENT).is_some()
}

/// Returns whether a bare word could be meant as a file.
fn could_be_file(word: &str) -> bool {
    let problem = Name::parse(word).err().map(|error| error.problem());
    matches!(problem, Some(NameProblem::FileOrWord { .. }))
}

/// Returns the endpoint that a word means, for a shell.
pub(super) fn endpoint(word: &str) -> String {
    quoted(&as_endpoint(word))
}

/// Returns the endpoint that a word means, or the word.
pub(super) fn as_endpoint(word: &str) -> String {
    let meant = recognise(word, Platform::CURRENT).and_then(|address| address.meaning.endpoint());
    let file = if Platform::CURRENT == Platform::Windows { "@" } else { "./" };
    match meant {
        Some(meant) => meant,
        None if could_be_file(word) || needs_start(word) => format!("{file}{word}"),
        None if word.is_empty() || word == "@" => "NAME".to_owned(),
        None => word.to_owned(),
    }
}

/// Returns whether a word is no name, and one with `@` or `./` before it.
fn needs_start(word: &str) -> bool {
    let problem = Name::parse(word).err().map(|error| error.problem());
    matches!(problem, Some(NameProblem::BadCharacter { .. } | NameProblem::NoLetter))
        && word.chars().all(|c| is_plain(c) && c != ':')
        && !word.starts_with('-')
        && !["", ".", ".."].contains(&word)
}

/// Returns whether a word is about TCP: an option, or a port after a host.
fn is_tcp_option(word: &str) -> bool {
    let options = ["-p", "--port", "--tcp", "-t", "--host", "-4", "-6"];
    options.contains(&word) || is_number(word)
}

/// Returns the hint for an option that the command does not have.
pub(super) fn option(command: &str, option: &str) -> Option<&'static str> {
    let option = option.split('=').next().unwrap_or_default();
    let (listens, connects, relays) = match command {
        "listen" => (true, false, false),
        "connect" => (false, true, false),
        "relay" => (true, true, true),
        _ => return None,
    };
    Some(match option {
        "-U" | "--unix" | "--unixsock" | "--path" if Platform::CURRENT == Platform::Windows => {
            "@a is the named pipe a without any option; Windows has no socket files"
        }
        "-U" | "--unix" | "--unixsock" | "--path" => {
            "a name with a slash, such as ./a.sock, is a socket file without any option"
        }
        "--abstract" if Platform::CURRENT != Platform::Linux => {
            "@a is a namespaced name without any option"
        }
        "--abstract" => "@a is an abstract name without any option",
        "-l" | "--listen" | "--server" if !listens => "`lsock listen NAME` listens",
        "-l" | "--listen" | "--server" if relays => {
            "the first word of a relay is what it listens on"
        }
        "-l" | "--listen" | "--server" => "the command `listen` listens without any option",
        "--raw" if !connects => {
            "`lsock connect --raw NAME` puts the terminal into raw mode; a listener does not"
        }
        "--connect" | "--client" if !connects => "`lsock connect NAME` connects",
        "--connect" | "--target" | "--to" if relays => {
            "the second word of a relay is what it connects to"
        }
        "-N" | "--half-close" | "--shutdown" => {
            "the end of stdin is sent without any option (`--eof half` is the default)"
        }
        "-z" | "--zero" | "--check" if command == "connect" => {
            "`lsock name --probe NAME` has status 0 if the server accepts, and 3 if not"
        }
        "-u" | "--udp" => "lsock has no datagrams; socat has (UNIX-SENDTO, UDP)",
        "--ssl" | "--tls" | "-S" => "lsock has no TLS; socat has (OPENSSL)",
        word if !word.starts_with('-') && !relays && !is_number(word) => {
            if is_endpoint(word) {
                "`lsock relay LISTEN TARGET` joins two sockets"
            } else {
                "a command follows `--`: `-- CMD ARG...`"
            }
        }
        word if relays && is_tcp_option(word) => {
            "a port is written `tcp:HOST:PORT`, such as tcp:localhost:80 or tcp:[::1]:80"
        }
        word if listens && is_tcp_option(word) => {
            "`lsock relay tcp:localhost:PORT -` listens on a port"
        }
        word if is_tcp_option(word) => "`lsock relay - tcp:HOST:PORT` connects to a port",
        "-w" if connects => {
            "`--connect-timeout DURATION` limits connecting, `--idle-timeout DURATION` a silent \
             connection"
        }
        "-w" | "-i" | "--timeout" | "--idle" | "--inactivity-timeout" => {
            "`--idle-timeout DURATION` ends a connection on which nothing moves"
        }
        "-a" | "--assuan" if connects => {
            "`lsock relay LISTEN assuan:FILE` connects to a server of GnuPG; `-` as LISTEN is stdin \
             and stdout"
        }
        "-e" | "--exec" | "--cmd" | "--command" | "--program" if relays => {
            "`-- CMD ARG...` at the end, or `exec:CMD ARG...` as TARGET, runs a command"
        }
        "-e" | "--exec" | "--cmd" | "--command" | "--program" => {
            "`-- CMD ARG...` at the end runs a command"
        }
        "-c" | "--sh-exec" | "--shell" | "--system" => SHELL,
        "--fork" | "-k" | "--keep-open" | "--keepopen" | "--loop" if relays => {
            "a relay serves any number of clients without any option"
        }
        "--fork" | "--keepopen" | "--keep" | "--loop" | "--persist" if listens => {
            "`-k`, --keep-open, serves any number of clients"
        }
        "--once" | "--one-shot" | "--oneshot" | "--single" if command == "listen" => {
            "without -k, one client is served"
        }
        "--one-shot" | "--oneshot" | "--single" if relays => "`--once` serves one client",
        "--unlink" | "--unlink-early" | "--reuse" | "--reuseaddr" | "--force" | "-f"
        | "--overwrite" | "--takeover" | "--remove"
            if listens =>
        {
            "a stale socket file is always replaced; `--replace` also replaces that of a live server"
        }
        "--user" | "--users" | "--allow-user" if listens => {
            "`--allow user:NAME` admits a user; lsock runs as the user who starts it"
        }
        "--chmod" | "--perm" | "--perms" | "--permissions" | "--umask" if listens => {
            "`--mode OCTAL` sets the permissions, such as `--mode 660`"
        }
        "-m" | "--max-connections" | "--max-clients" | "--max-children" | "--limit" if listens => {
            "`--max-conns N` limits the number of clients"
        }
        "-d" | "--no-stdin" | "--recvonly" | "--receive-only" => {
            "`--recv-only` does not read stdin"
        }
        "--sendonly" | "--no-recv" => "`--send-only` does not read from the peer",
        "--retry" | "--retries" | "--reconnect" if connects => {
            "`--wait=DURATION` tries again until a server listens"
        }
        "-D" | "--daemon" | "--daemonize" | "--background" | "-b" if listens => {
            "`&` at the end starts it in the background; `--ready-file FILE` reports that it \
             listens"
        }
        "--buffer-size" | "--bufsize" | "--blocksize" | "--bs" => "`--buffer SIZE`",
        "--debug" | "--log-level" | "--loglevel" | "--log" => {
            "`-v` logs connections, `-vv` retries and ends, `-vvv` everything"
        }
        "--json" => "`--log-format json`",
        "--dry-run" | "--plan" => "`--explain` prints what would be done",
        _ => return None,
    })
}
