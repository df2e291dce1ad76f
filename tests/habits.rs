//! What users of other programs try: `help`, the options of nc, other words for the commands.

use crate::harness::Scene;

#[test]
fn help_is_a_command() {
    let scene = Scene::new();
    for (args, option) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "listen"], &["listen", "--help"]),
        (&["help", "connect"], &["connect", "--help"]),
        (&["help", "relay"], &["relay", "--help"]),
        (&["help", "bench"], &["bench", "--help"]),
        (&["help", "name"], &["name", "--help"]),
        (&["help", "replay"], &["replay", "--help"]),
        (&["help", "completions"], &["completions", "--help"]),
        (&["help", "help"], &["--help"]),
        (&["-v", "help", "relay"], &["relay", "--help"]),
    ] {
        let expected = scene.lsock(option).run().silent().stdout;
        scene.lsock(args).run().silent().output(expected);
    }
    let outcome = scene.lsock(["help", "nonsense"]).run().fails(2).says("no help on `nonsense`");
    outcome
        .says("the commands are listen, connect,")
        .says("the manual are names, pipes, trace, tour, lsock, ");
    for (word, meant) in [("lisen", "listen"), ("pipe", "pipes"), ("lsock-relais", "lsock-relay")] {
        let outcome = scene.lsock(["help", word]).run().fails(2);
        outcome.says(&format!("did you mean `{meant}`?"));
    }
}

#[test]
fn the_hint_names_the_help_of_the_command_at_hand() {
    for command in
        ["listen", "connect", "relay", "tap", "bench", "name", "ls", "replay", "completions"]
    {
        let help = format!("hint: see `lsock {command} --help`\n");
        Scene::new().expect_wrong_usage(
            &[],
            &[
                (&[command, "--nope"], &help),
                (&["-v", "--color", "never", command, "--nope"], &help),
            ],
        );
    }
    Scene::new().expect_wrong_usage(
        &[],
        &[(&["--nope"], "hint: see `lsock --help`\n"), (&["frobnicate"], "`lsock --help`")],
    );
}

/// No form of another endpoint is a name, so that none is proposed.
#[test]
fn a_command_that_takes_names_alone_proposes_only_names() {
    for command in [&["name"][..], &["tap"], &["replay", "r"]] {
        let help = format!("local socket\nhint: see `lsock {} --help`\n", command[0]);
        Scene::new().expect_wrong_usage(
            command,
            &[(&["tcp:localhost:80"], &help), (&["fd:3"], &help), (&["exec:cat"], &help)],
        );
        if cfg!(unix) {
            let name = (&["UNIX-CONNECT:app"][..], "hint: write ./app\n");
            Scene::new().expect_wrong_usage(command, &[name]);
        }
    }
}

#[test]
fn suggestions_are_near_or_absent() {
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["listen", "x", "--timout", "1s"], "`lsock listen --help`"),
            (&["connect", "x", "--timout", "1s"], "did you mean `--timeout`?"),
            (&["connect", "x", "--conect-timeout", "1s"], "did you mean `--connect-timeout`?"),
            (&["connect", "x", "--recv"], "did you mean `--recv-only`?"),
            (&["listen", "x", "--brodcast"], "did you mean `--broadcast`?"),
            (&["connect", "x", "--user", "a"], "`lsock connect --help`"),
            (&["relay", "--nope"], "`lsock relay --help`"),
            (&["connect", "x", "--eof", "hlaf"], "did you mean `half`?"),
            (&["connect", "x", "--eof", "never"], "`lsock connect --help`"),
            (&["bench", "latncy"], "did you mean `latency`?"),
            (&["lisen", "x"], "did you mean `listen`?"),
        ],
    );
}

#[test]
fn the_value_of_an_option_whose_value_is_optional_follows_an_equals_sign() {
    let write = |option: &str| format!("hint: write `{option}`\n");
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["connect", "--wait", "5s", "x"], &write("--wait=5s")),
            (&["connect", "x", "--wait", "5s"], &write("--wait=5s")),
            (&["connect", "x", "--wait", "5"], &write("--wait=5s")),
            (&["connect", "x", "--wait", "1.5s"], &write("--wait=1.5s")),
            (&["connect", "--wait", "5s"], &write("--wait=5s")),
            (&["relay", "--wait", "1m30s", "x", "y"], &write("--wait=1m30s")),
            // Without the check these would be names.
            (&["relay", "--wait", "5s", "y"], &write("--wait=5s")),
            (&["listen", "--progress", "always"], &write("--progress=always")),
            (&["connect", "--progress", "never", "x"], &write("--progress=never")),
            (&["relay", "x", "y", "--progress", "auto"], &write("--progress=auto")),
            // nc's -q has a value.
            (&["connect", "-q", "5", "x"], "`--linger=5s`"),
            (&["connect", "x", "-q", "0"], "`--linger=0s`"),
            (&["bench", "-q", "5"], "hint: see `lsock bench --help`"),
        ],
    );
    let scene = Scene::new();
    // A name that begins like no value, and the words of a command.
    scene
        .lsock(["connect", "--explain", "--wait", "five", "--", "x", "--wait", "5s"])
        .run()
        .silent();
    scene.lsock(["connect", "--explain", "--wait", "3proxy"]).run().silent();
    scene.lsock(["connect", "--explain", "--wait", "@5s"]).run().silent();
    scene.lsock(["connect", "--explain", "-q", "x5"]).run().silent();
}

#[test]
fn other_words_for_a_command_are_answered() {
    let line = |line: &str| format!("hint: `lsock {line}`\n");
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["client", "@a"], &line("connect @a")),
            (&["client"], &line("connect NAME")),
            (&["client", "-x"], &line("connect NAME")),
            (&["client", "@"], &line("connect NAME")),
            (&["proxy", "@a"], &line("relay @a TARGET")),
            (
                &["server", "@a", "--", "a b", "c.sock"],
                &line(if cfg!(windows) {
                    "listen @a -- \"a b\" c.sock"
                } else {
                    "listen @a -- 'a b' c.sock"
                }),
            ),
            (&["server", "@a", "-k"], &line("listen @a -k")),
            (&["proxy", "8080", "@a"], &line("relay tcp:localhost:8080 @a")),
            (&["forward"], &line("relay LISTEN TARGET")),
            (&["client", "localhost", "80"], &line("relay - tcp:localhost:80")),
            (&["client", "tcp:localhost:80"], &line("relay - tcp:localhost:80")),
            (&["client", "assuan:./S"], &line("relay - assuan:./S")),
            (&["server", "8080"], &line("relay tcp:localhost:8080 -")),
            (&["send", "@a"], &line("connect --send-only @a")),
            (&["recv", "@a"], &line("connect --recv-only @a")),
            (&["broadcast", "@a"], &line("listen -k --broadcast @a")),
            (&["benchmark"], &line("bench")),
            (&["completion", "zsh"], &line("completions zsh")),
            (&["version"], &line("--version")),
            (&["names"], &line("help names")),
            (&["man"], &line("help TOPIC")),
            (&["man", "lsock-listen"], &line("help lsock-listen")),
            (&["@a"], "`lsock connect @a` connects to it, `lsock listen @a` listens on it"),
            (&["@a", "@b"], &line("relay @a @b")),
            (&["tcp:localhost:80"], "`lsock relay - tcp:localhost:80`"),
            (&["tcp:localhost:80", "@a"], &line("relay tcp:localhost:80 @a")),
            (&["exec:cat"], "`lsock relay LISTEN TARGET`"),
            (&["exec:./cat"], "`lsock relay LISTEN TARGET`"),
            (&["localhost", "80"], &line("relay - tcp:localhost:80")),
            (&["nc", "localhost", "80"], &line("relay - tcp:localhost:80")),
            (&["socat", "-", "ABSTRACT-CONNECT:a"], &line("connect @a")),
            (&["ABSTRACT-CONNECT:a", "STDIO"], &line("connect @a")),
            (&["-", "ABSTRACT-CONNECT:a"], &line("connect @a")),
            (&["-d", "-d", "STDIO", "ABSTRACT-CONNECT:a"], &line("connect @a")),
            (&["-v", "ABSTRACT-LISTEN:a", "-"], &line("listen @a")),
            (&["TCP:localhost:80", "ABSTRACT-LISTEN:a,fork"], &line("relay @a tcp:localhost:80")),
            // Options of lsock in front.
            (&["-v", "client", "@a"], &line("connect @a")),
            (&["-q", "--color", "never", "@a", "@b"], &line("relay @a @b")),
        ],
    );
}

#[test]
fn command_lines_of_npiperelay_are_translated() {
    let line = |line: &str| format!("hint: `lsock {line}`\n");
    let agent = "C:/Users/me/AppData/Local/gnupg/S.gpg-agent";
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["npiperelay"], &line("connect NAME")),
            (&["npiperelay", "-s", "//./pipe/a"], &line("connect //./pipe/a")),
            (
                &["npiperelay.exe", "-ei", "-p", "//./pipe/a"],
                &line("connect //./pipe/a --wait --eof close"),
            ),
            (
                &["npiperelay.exe", "-ei", "-ep", "-a", agent],
                &line(&format!("relay - assuan:{agent} --eof close")),
            ),
        ],
    );
}

/// No hint names an address that lsock would refuse.
#[test]
fn addresses_of_socat_without_a_counterpart_are_named() {
    let line = |line: &str| format!("hint: `lsock {line}`\n");
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["vsock:3:80"], "lsock has no vsock; socat has it: `socat VSOCK:3:80 ...`"),
            (&["udp:localhost:53", "@a"], "lsock has no UDP"),
            (&["socat", "-", "UDP:localhost:53"], "lsock has no UDP"),
            (&["socat", "-", "UNIX-SENDTO:./a"], "socat has it: `socat UNIX-SENDTO:./a ...`"),
            (&["socat", "OPEN:/x", "ABSTRACT-CONNECT:a"], "let the shell open it"),
            (&["OPEN:/x"], "let the shell open it"),
            (&["socat", "-", "FD:3"], "can only be listened on"),
            (&["socat", "EXEC:cat", "ABSTRACT-CONNECT:a"], &line("connect @a -- cat")),
            (&["socat", "EXEC:cat", "ABSTRACT-LISTEN:a"], &line("relay @a exec:cat")),
            (&["socat", "EXEC:cat", "TCP:localhost:80"], &line("relay LISTEN TARGET")),
            (&["socat", "ABSTRACT-LISTEN:a"], &line("relay @a TARGET")),
            (
                &["socat", "TCP-LISTEN:80,bind=0.0.0.0", "ABSTRACT-CONNECT:a"],
                &line("relay tcp:0.0.0.0:80 @a --expose"),
            ),
        ],
    );
}

#[test]
fn the_ports_of_nc_are_answered() {
    let line = |line: &str| format!("hint: `lsock {line}`\n");
    let datagrams = |line: &str| format!("hint: lsock has no datagrams; socat has: `{line}`\n");
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["nc", "-l", "-p", "8080"], &line("relay tcp:localhost:8080 -")),
            (&["nc", "-nvlp", "8080"], &line("relay tcp:localhost:8080 -")),
            (&["nc", "-lvnp8080"], &line("relay tcp:localhost:8080 -")),
            (&["nc", "-l", "127.0.0.1", "-p", "8080"], &line("relay tcp:127.0.0.1:8080 -")),
            (&["nc", "-l", "0.0.0.0", "80"], &line("relay --expose tcp:0.0.0.0:80 -")),
            (&["nc", "-lk", "8080", "-e", "cat"], &line("relay tcp:localhost:8080 -- cat")),
            (&["nc", "-w5", "localhost", "80"], &line("relay - tcp:localhost:80")),
            (&["nc", "-z", "localhost", "80"], &line("relay - tcp:localhost:80 < /dev/null")),
            (&["nc", "-p", "99", "localhost", "80"], &line("relay - tcp:localhost:80")),
            (&["nc", "localhost", "http"], &line("relay - tcp:localhost:PORT")),
            (&["nc", "localhost"], &line("relay - tcp:localhost:PORT")),
            (&["nc", "-u", "localhost", "53"], &datagrams("socat - UDP:localhost:53")),
            (&["nc", "-ul", "53"], &datagrams("socat - UDP-LISTEN:53")),
            (&["nc", "-uU", "@a"], &datagrams("socat - ABSTRACT-SENDTO:a")),
            (&["nc", "-luU", "/run/a"], &datagrams("socat - UNIX-RECV:/run/a")),
            (&["nc", "--unknown", "a"], "`lsock --help`"),
            (&["nc", "-U"], &line("connect NAME")),
        ],
    );
}

#[cfg(unix)]
#[test]
fn the_options_of_nc_are_answered() {
    let line = |line: &str| format!("hint: `lsock {line}`\n");
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["./a.sock"], "`lsock connect ./a.sock` connects to it"),
            (&["a.sock"], "`lsock connect ./a.sock` connects to it"),
            (&["client", "a.sock"], &line("connect ./a.sock")),
            (&["-U", "a.sock"], &line("connect ./a.sock")),
            (&["-N", "-U", "a"], &line("connect ./a")),
            (&["-U", "@a"], &line("connect @a")),
            (&["-lU", "a.sock"], &line("listen ./a.sock")),
            (&["-k", "-l", "-U", "a.sock", "-e", "cat"], &line("listen -k ./a.sock -- cat")),
            (&["-l", "-U", "./a", "-c", "a | b"], &line("listen ./a -- sh -c 'a | b'")),
            (&["-z", "-U", "a.sock"], &line("name -q --probe ./a.sock")),
            (&["-F", "-U", "a.sock"], &line("connect --pass-connection ./a.sock")),
            (&["-w", "5", "-N", "-U", "a.sock"], &line("connect ./a.sock")),
            (&["-w5", "-U", "a.sock"], &line("connect ./a.sock")),
            (&["ncat", "--sh-exec", "a|b", "-lU", "a"], &line("listen ./a -- sh -c 'a|b'")),
            (&["nc", "-lU", "a.sock"], &line("listen ./a.sock")),
            (
                &["ncat", "-l", "-U", "a.sock", "-k", "--recv-only"],
                &line("listen -k --recv-only ./a.sock"),
            ),
            (&["-uU", "a.sock"], "`socat - UNIX-SENDTO:./a.sock`"),
            (&["-l", "8080"], &line("relay tcp:localhost:8080 -")),
            (&["--listen", "./a"], &line("listen ./a")),
        ],
    );
}

#[test]
fn options_of_other_programs_are_answered() {
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["listen", "x", "--timeout", "1s"], "`--idle-timeout DURATION`"),
            (&["listen", "x", "--fork"], "--keep-open"),
            (&["listen", "x", "--keepopen"], "--keep-open"),
            (&["listen", "x", "--unlink"], "`--replace`"),
            (&["listen", "x", "--force"], "`--replace`"),
            (&["listen", "x", "--user", "a"], "`--allow user:NAME`"),
            (&["listen", "x", "--user=a"], "`--allow user:NAME`"),
            (&["listen", "x", "-e", "cat"], "`-- CMD ARG...`"),
            (&["listen", "x", "--exec", "cat"], "`-- CMD ARG...`"),
            (
                &["listen", "x", "-c", "cat"],
                if cfg!(windows) { "`-- cmd /c CMD`" } else { "`-- sh -c 'CMD'`" },
            ),
            (&["listen", "x", "cat"], "a command follows `--`"),
            (&["connect", "x", "@y"], "`lsock relay LISTEN TARGET`"),
            (&["connect", "example.com", "80"], "`lsock relay - tcp:HOST:PORT`"),
            (&["connect", "x", "-U"], "without any option"),
            (&["connect", "x", "-w", "5"], "`--connect-timeout DURATION`"),
            (&["connect", "x", "-l"], "`lsock listen NAME`"),
            (&["connect", "x", "-z"], "`lsock name --probe NAME`"),
            (&["relay", "x", "y", "-k"], "any number of clients"),
            (&["relay", "x", "y", "--exec", "cat"], "`exec:CMD ARG...`"),
            (&["relay", "x", "y", "-p", "80"], "tcp:localhost:80"),
        ],
    );
}
