//! Runs the examples at the end of the help of each command.

use super::{Example, run_all};
use std::process::Command;

/// An example of the help, the script that runs it, and what the script prints. `{}` stands for the
/// example, and `@app` for a name of its own.
type HelpExample = (&'static str, &'static str, &'static str);

/// The examples in the help of each command; the first is lsock itself.
const IN_HELP: [(&str, [HelpExample; 3]); 10] = [
    (
        "",
        [
            ("lsock listen @app", CHAT, "hi\n"),
            ("lsock connect @app", "lsock listen @app & echo hi | {} --wait=10s; wait", "hi\n"),
            ("lsock relay tcp:localhost:8080 @app", THROUGH_PORT, "hi\n"),
        ],
    ),
    (
        "listen",
        [
            ("lsock listen @app", CHAT, "hi\n"),
            (
                "lsock listen --recv-only @app > copy",
                "{} & echo hi | lsock connect --wait=10s @app; wait; cat copy",
                "hi\n",
            ),
            ("lsock listen -k @app -- sort", SORT, "a\nb\n"),
        ],
    ),
    (
        "connect",
        [
            ("lsock connect @app", "lsock listen @app & echo hi | {} --wait=10s; wait", "hi\n"),
            (
                "lsock connect --wait=10s --send-only @app < file",
                "echo hi > file; lsock listen @app & {}; wait",
                "hi\n",
            ),
            (
                "lsock connect --server-user me @app < request",
                "printf 'b\\na\\n' > request; lsock listen @app --ready-file ready -- sort &\n\
                 while [ ! -e ready ]; do sleep 0.01; done; {}; wait",
                "a\nb\n",
            ),
        ],
    ),
    (
        "relay",
        [
            ("lsock relay tcp:localhost:8080 @app", THROUGH_PORT, "hi\n"),
            (
                "lsock relay @app tcp:localhost:8080",
                "lsock relay tcp:localhost:8080 -- cat & {} --wait=10s &\n\
                 echo hi | lsock connect --wait=10s @app",
                "hi\n",
            ),
            ("lsock relay @app -- sort", SORT, "a\nb\n"),
        ],
    ),
    (
        "tap",
        [
            ("lsock tap ./app.sock", TAP, "HI\n2\n"),
            ("lsock tap ./app.sock --record app.pcapng", TAP_RECORD, "HI\nrecorded\n"),
            (
                "lsock tap --restore ./app.sock",
                "lsock listen -k ./app.sock -- tr a-z A-Z & server=$!\n\
                 lsock name -q --probe=10s ./app.sock; lsock tap ./app.sock -v 2> trace & tap=$!\n\
                 while ! grep -qs tapping trace; do sleep 0.01; done; kill -9 $tap\n\
                 wait $tap 2> /dev/null || {} -q; echo hi | lsock connect ./app.sock; kill $server",
                "HI\n",
            ),
        ],
    ),
    (
        "bench",
        [
            ("lsock bench latency --over abstract,tcp", "{} -q --duration 300ms > table", ""),
            (
                "lsock bench throughput --size 4K,64K --save before.json",
                "{} -q --duration 300ms > table; test -s before.json",
                "",
            ),
            (
                "lsock bench throughput --size 4K,64K --compare before.json",
                "lsock bench throughput --size 4K,64K --save before.json -q --duration 300ms > table\n\
                 {} -q --duration 300ms > table",
                "",
            ),
        ],
    ),
    (
        "name",
        [
            (
                "lsock name ./app.sock",
                "lsock listen -k ./app.sock -- cat & lsock name -q --probe=10s ./app.sock\n\
                 {} | head -n 1; kill $!",
                "./app.sock: somebody listens\n",
            ),
            (
                "lsock name -q --probe=10s @app",
                "lsock listen -k @app -- cat & {} && echo ready; kill $!",
                "ready\n",
            ),
            (
                "lsock name --json @app",
                "lsock listen -k @app -- cat & lsock name -q --probe=10s @app\n\
                 {} | grep -o '\"type\":\"[a-z]*\"'; kill $!",
                "\"type\":\"stream\"\n",
            ),
        ],
    ),
    (
        "ls",
        [
            (
                "lsock ls",
                "lsock listen -k @app -- cat & lsock name -q --probe=10s @app\n\
                 {} | grep -c '@app '; kill $!",
                "1\n",
            ),
            (
                "lsock ls --all '@app*'",
                "lsock listen -k @app -- cat & lsock name -q --probe=10s @app\n\
                 {} -q | awk 'NR == 2 { print $2 }'; kill $!",
                "stream\n",
            ),
            (
                "lsock ls ./old.sock --stale .",
                "lsock listen -k ./old.sock -- cat & lsock name -q --probe=10s ./old.sock\n\
                 kill -9 $!; wait $! 2> /dev/null || {} | grep -c stale",
                "1\n",
            ),
        ],
    ),
    (
        "replay",
        [
            ("lsock replay app.pcapng @app", REPLAY, "HI\nsame\n"),
            ("lsock replay app.pcapng @app --fast", REPLAY, "HI\nsame\n"),
            (
                "lsock replay app.pcapng --serve @app",
                "lsock listen @app --record app.pcapng -- tr a-z A-Z &\n\
                 echo hi | lsock connect --wait=10s @app; wait; {} &\n\
                 echo hi | lsock connect --wait=10s @app; wait",
                "HI\nHI\n",
            ),
        ],
    ),
    (
        "completions",
        [
            ("lsock completions bash > lsock.bash", "{}; test -s lsock.bash", ""),
            ("lsock completions fish > lsock.fish", "{}; test -s lsock.fish", ""),
            ("lsock completions powershell > lsock.ps1", "{}; test -s lsock.ps1", ""),
        ],
    ),
];

const CHAT: &str = "{} & echo hi | lsock connect --wait=10s @app; wait";

const SORT: &str = "{} & printf 'b\\na\\n' | lsock connect --wait=10s @app";

const TAP: &str = "lsock listen -k ./app.sock -- tr a-z A-Z & server=$!\n\
                   lsock name -q --probe=10s ./app.sock; {} -v 2> trace & tap=$!\n\
                   while ! grep -qs tapping trace; do sleep 0.01; done\n\
                   echo hi | lsock connect ./app.sock; kill $tap\n\
                   wait $tap 2> /dev/null || grep -c -i -w hi trace; kill $server";

const TAP_RECORD: &str = "lsock listen -k ./app.sock -- tr a-z A-Z & server=$!\n\
                          lsock name -q --probe=10s ./app.sock; {} -v 2> log & tap=$!\n\
                          while ! grep -qs tapping log; do sleep 0.01; done\n\
                          echo hi | lsock connect ./app.sock; kill $tap\n\
                          wait $tap 2> /dev/null || test -s app.pcapng && echo recorded; kill $server";

const REPLAY: &str = "lsock listen -k @app -- tr a-z A-Z & server=$!\n\
                      lsock name -q --probe=10s @app\n\
                      echo hi | lsock connect @app --record app.pcapng\n\
                      {} && echo same; kill $server";

const THROUGH_PORT: &str = "lsock listen @app -- cat & {} --wait=10s &\n\
                            echo hi | lsock relay --wait=10s - tcp:localhost:8080";

#[test]
fn examples_of_the_help_of_each_command_do_what_it_says() {
    for (number, (command, examples)) in IN_HELP.into_iter().enumerate() {
        let help = Command::new(env!("CARGO_BIN_EXE_lsock"))
            .args([command, "--help"].iter().filter(|word| !word.is_empty()))
            .output()
            .expect("the help");
        let help = String::from_utf8(help.stdout).expect("text");
        let (_, end) = help.split_once("\nExamples:\n").unwrap_or_else(|| panic!("{help}"));
        let lines = end.lines().take_while(|line| !line.is_empty());
        let found: Vec<&str> = lines.filter_map(|line| line.strip_prefix("  lsock ")).collect();
        let known = examples.map(|(line, ..)| &line["lsock ".len()..]);
        assert_eq!(found, known, "lsock {command} --help");
        let examples = examples.iter().zip('a'..).map(|((line, script, prints), letter)| {
            let own = format!("@help-{}-{number}{letter}", std::process::id());
            Example {
                location: format!("lsock {command} --help"),
                script: script.replace("{}", line).replace("@app", &own),
                prints: (*prints).to_owned(),
            }
        });
        run_all("the help", &examples.collect::<Vec<_>>(), 3);
    }
}

/// A command without examples in [`IN_HELP`] fails here.
#[test]
fn the_examples_of_every_command_are_run() {
    let help = Command::new(env!("CARGO_BIN_EXE_lsock")).arg("-h").output().expect("the help");
    let help = String::from_utf8(help.stdout).expect("text");
    let (_, commands) = help.split_once("\nCommands:\n").expect("commands");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = [""].into_iter().chain(names.filter(|name| *name != "help")).collect();
    assert_eq!(IN_HELP.map(|(command, _)| command).to_vec(), names);
}
