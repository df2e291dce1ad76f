//! Hints that name a command line of lsock name one that lsock takes, whatever the words were.
//!
//! The harness checks the message of every failure ([`Outcome::fails`]).

use crate::harness::{Outcome, Scene};

/// Lines that are refused, for each command; `{}` stands for a name.
const LINES: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "{}",
            "client {}",
            "server {}",
            "proxy {} localhost:80",
            "proxy 8080 {}",
            "send {}",
            "broadcast {}",
            "nc -U {}",
            "nc -lU {}",
            "nc -lkU {} -e hostname",
            "nc -zU {}",
            "ncat -lU {} -c hostname|sort",
            "socat - UNIX-CONNECT:{}",
            "socat UNIX-LISTEN:{},fork TCP:localhost:80",
            "socat UNIX-LISTEN:{} EXEC:hostname",
            "socat STDIO ABSTRACT-LISTEN:{},fork",
            "socat UNIX-LISTEN:{} SYSTEM:hostname|sort",
            "npiperelay -ei {}",
            "npiperelay -ei -ep -a {}",
            "UNIX-CONNECT:{} TCP-LISTEN:8080",
            "{} @another",
            "@other {}",
            "client localhost {}",
            "client --",
            "server --",
            "server {} -k",
            "open -v {}",
        ],
    ),
    (
        "listen",
        &[
            "UNIX-LISTEN:{}",
            "-v UNIX-LISTEN:{},fork",
            "unix:{}",
            "TCP-LISTEN:{}",
            "assuan:{}",
            "exec:hostname",
            "fd:3",
            "-",
            "8080",
            "{} {}",
            "{} -U",
            "{} -l",
            "{} -c hostname",
        ],
    ),
    (
        "connect",
        &[
            "{}",
            "UNIX-CONNECT:{}",
            "UNIX-LISTEN:{}",
            "unix://{}",
            "SYSTEM:hostname|sort",
            "EXEC:hostname",
            "assuan:{}",
            "npipe:{}",
            "localhost:80",
            "fd:3",
            "-",
            "{} -e hostname",
            "{} --server-user 0",
            "{} -z",
        ],
    ),
    (
        "relay",
        &[
            "- {}",
            "- assuan:{}",
            "UNIX-LISTEN:{} STDIO",
            "8080 UNIX-CONNECT:{}",
            "{} SYSTEM:hostname|sort",
            "EXEC:hostname {}",
            "assuan:./S {}",
            "{} fd:3",
            "UNIX-CONNECT:{} TCP-LISTEN:8080",
            "{} UDP:localhost:80",
            "*:80 {}",
            "*:80 --",
            "{} -p 80",
        ],
    ),
    ("tap", &["{}", "unix:{}", "{} {}"]),
    ("bench", &["--to {}", "latency --to {}", "latency --to unix:{}", "latency --to assuan:{}"]),
    ("name", &["unix:{}", "tcp:localhost:80"]),
    ("ls", &["{} --pid x", "{} --type x", "{} --stale ./absent"]),
    ("replay", &["./absent {}", "./absent unix:{}", "./absent {} {}"]),
    ("completions", &["", "nonsense"]),
];

/// Names that a shell has to be protected from, or that look like something else.
const NAMES: &[&str] = if cfg!(windows) {
    // Starting a program in Wine takes long, and there are no socket files.
    &["app", "@app"]
} else {
    &[
        "app", "@app", "./it's a", "./$HOME;", "-x", "a b", "@a:80", "@", "~/a b", "fs:-x",
        "tcp:81", "app.sock",
    ]
};

/// Runs a line, which has to fail. The harness checks its hint.
#[track_caller]
fn refused(scene: &Scene, command: &str, line: &str, name: &str) -> Outcome {
    let words = line.split(' ').map(|word| word.replace("{}", name));
    let words = [command.to_owned()].into_iter().chain(words).filter(|word| !word.is_empty());
    let outcome = scene.lsock(words).run();
    let code = outcome.status.code().unwrap();
    assert_ne!(code, 0, "{}", outcome.report());
    outcome.fails(code)
}

#[test]
fn lines_of_lsock_in_hints_are_right() {
    let scene = Scene::new();
    let mut count = 0;
    for (command, lines) in LINES {
        for line in lines {
            let names = if line.contains("{}") { NAMES } else { &NAMES[..1] };
            for name in names {
                let outcome = refused(&scene, command, line, name);
                count += usize::from(outcome.stderr.contains("`lsock "));
            }
        }
    }
    assert!(count > 25 * NAMES.len(), "only {count} hints with a line of lsock");
}

/// A new command needs lines in [`LINES`].
#[test]
fn every_command_has_lines_that_are_refused() {
    let help = Scene::new().lsock(["-h"]).run().silent();
    let (_, commands) = help.stdout_text().split_once("\nCommands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = [""].into_iter().chain(names.filter(|name| *name != "help")).collect();
    assert_eq!(LINES.map(|(command, _)| command).to_vec(), names);
}
