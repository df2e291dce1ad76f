//! Words that are refused as names: addresses of other programs, and words that could be a file.
//! Each is status 2 before anything is opened, with what to write instead.

use crate::harness::Scene;

/// Returns the hint with a line of `lsock relay`, quoted for the shells of this system.
fn line(sides: &str) -> String {
    let line = format!("hint: `lsock relay {sides}`\n");
    if cfg!(windows) && !line.contains('"') { line.replace('\'', "\"") } else { line }
}

/// The shell with its option for a command.
const SHELL: &str = if cfg!(windows) { "cmd /c" } else { "sh -c" };

#[test]
fn words_of_socat_are_translated_on_both_sides_of_a_relay() {
    let [file, other] =
        if cfg!(windows) { ["@a.sock", "@b.sock"] } else { ["./a.sock", "./b.sock"] };
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (
                &["relay", "TCP-LISTEN:8080,fork", "UNIX-CONNECT:b.sock"],
                &line(&format!("tcp:localhost:8080 {other}")),
            ),
            (&["relay", "UNIX-LISTEN:a.sock,fork", "STDIO"], &line(&format!("{file} -"))),
            (&["relay", "@a", "EXEC:cat"], &line("@a exec:cat")),
            (&["relay", "@a", "EXEC:cat -n,pty"], &line("@a 'exec:cat -n'")),
            (&["relay", "@a", "SYSTEM:a | b"], &line(&format!("@a \"exec:{SHELL} 'a | b'\""))),
            (&["relay", "ABSTRACT-LISTEN:a", "abstract-connect:b"], &line("@a @b")),
            // The listener comes first.
            (
                &["relay", "UNIX-CONNECT:b.sock", "TCP-LISTEN:80"],
                &line(&format!("tcp:localhost:80 {other}")),
            ),
            (&["relay", "UNIX-CONNECT:b.sock", "STDIO"], &line(&format!("- {other}"))),
            (&["relay", "ABSTRACT-CONNECT:a", "EXEC:cat"], "hint: `lsock connect @a -- cat`\n"),
            (&["relay", "EXEC:cat -n", "@a"], "hint: `lsock connect @a -- cat -n`\n"),
            // Options stay.
            (
                &["relay", "-v", "--max-conns", "5", "8080", "@a", "--eof=close"],
                "`lsock relay -v --max-conns 5 tcp:localhost:8080 @a --eof=close`",
            ),
            // So do endpoints that are right.
            (&["relay", "8080", "exec:echo a,b"], &line("tcp:localhost:8080 'exec:echo a,b'")),
            (&["relay", "tcp:[::1]:80", "STDIO"], &line("'tcp:[::1]:80' -")),
            (&["relay", "FD:3", "@a"], &line("fd:3 @a")),
            (&["relay", "fd3", "@a"], &line("fd:3 @a")),
            (&["relay", "@a", "fd3"], "can only be listened on"),
            (&["relay", "exec:cat -n", "@a"], "hint: `lsock connect @a -- cat -n`\n"),
            (&["relay", "exec:cat", "exec:cat"], "hint: see `lsock relay --help`\n"),
            // A hint for both sides.
            (&["relay", "8080", "a.sock"], &line(&format!("tcp:localhost:8080 {file}"))),
            (&["relay", "ABSTRACT-CONNECT:a", "OPEN:/x"], "let the shell open it"),
            (&["relay", "ABSTRACT-LISTEN:a"], &line("@a TARGET")),
            (&["relay", "ABSTRACT-LISTEN:a", "--", "cat"], &line("@a -- cat")),
        ],
    );
}

#[test]
fn addresses_of_tcp_are_translated() {
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["relay", "127.0.0.1:18093", "@a"], &line("tcp:127.0.0.1:18093 @a")),
            (&["relay", "8080", "@a"], &line("tcp:localhost:8080 @a")),
            (&["relay", ":80", "@a"], &line("tcp:localhost:80 @a")),
            (&["relay", "tcp:80", "@a"], &line("tcp:localhost:80 @a")),
            (&["relay", "tcp://localhost:80", "@a"], &line("tcp:localhost:80 @a")),
            (&["relay", "*:80", "@a"], &line("tcp:0.0.0.0:80 @a --expose")),
            (&["relay", "@a", "[::1]:80"], &line("@a 'tcp:[::1]:80'")),
            (&["relay", "@a", "http://localhost/x"], &line("@a tcp:localhost:80")),
            (&["connect", "localhost:80"], &line("- tcp:localhost:80")),
            (&["connect", "tcp:localhost:80"], &line("- tcp:localhost:80")),
            (&["connect", "localhost", "80"], "`lsock relay - tcp:HOST:PORT`"),
            (&["connect", "80"], &line("- tcp:localhost:80")),
            (&["connect", "TCP-LISTEN:80"], &line("tcp:localhost:80 -")),
            (&["listen", "8080"], &line("tcp:localhost:8080 -")),
            (&["listen", "TCP-CONNECT:localhost:80"], &line("- tcp:localhost:80")),
            (&["bench", "latency", "--to", "localhost:80"], "hint: write tcp:localhost:80\n"),
            (&["bench", "latency", "--at", "TCP-LISTEN:80"], "hint: write tcp:localhost:80\n"),
        ],
    );
}

#[test]
fn addresses_in_the_place_of_a_name_are_translated() {
    let file = |name: &str| format!("{}{name}", if cfg!(windows) { "@" } else { "./" });
    let line = |line: &str| format!("hint: `lsock {line}`\n");
    let a = file("a.sock");
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["listen", "UNIX-LISTEN:a.sock,fork"], &line(&format!("listen -k {a}"))),
            (&["listen", "-k", "UNIX-LISTEN:a.sock,fork"], &line(&format!("listen -k {a}"))),
            (&["listen", "UNIX-CONNECT:a.sock"], &line(&format!("connect {a}"))),
            (&["connect", "unix:a.sock", "--wait=2s"], &line(&format!("connect {a} --wait=2s"))),
            (&["connect", "UNIX-LISTEN:a.sock"], &line(&format!("listen {a}"))),
            (&["connect", "unix-abstract:a"], &line("connect @a")),
            (&["connect", "npipe:////./pipe/a"], &line("connect @a")),
            (&["connect", "STDIO"], "joins to stdin and stdout by itself"),
            (&["connect", "-"], "joins to stdin and stdout by itself"),
            (&["listen", "exec:cat -n"], &line("listen NAME -- cat -n")),
            (&["listen", "EXEC:cat"], &line("listen NAME -- cat")),
            (&["listen", "fd:3"], &line("relay fd:3 -")),
            (&["connect", "fd3"], "can only be listened on"),
            (&["connect", "OPEN:/x"], "`< /x`"),
            (&["connect", "http+unix://%2Frun%2Fa"], "lsock has no such URLs"),
        ],
    );
}

#[test]
fn what_lsock_does_not_have_is_named_with_what_to_use() {
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["relay", "@a", "vsock:3:80"], &line("@a 'exec:socat - VSOCK:3:80'")),
            (&["relay", "@a", "udp:localhost:53"], "lsock has no UDP"),
            (
                &["relay", "UDP-LISTEN:53,fork", "@a"],
                "socat has it: `socat UDP-LISTEN:53,fork ...`",
            ),
            (&["connect", "vsock:3:80"], "socat has it: `socat VSOCK:3:80 ...`"),
        ],
    );
}

#[test]
fn a_terminal_of_socat_is_an_endpoint_of_a_relay() {
    let hints = if cfg!(windows) {
        ["lsock has no pseudo-terminals"; 2].map(str::to_owned)
    } else {
        ["`lsock relay pty:./p -`", "`lsock relay - pty:./p`"].map(str::to_owned)
    };
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["listen", "PTY,link=./p,raw"], &hints[0]),
            (&["connect", "PTY,link=./p,raw"], &hints[1]),
        ],
    );
}

#[test]
fn a_socket_file_of_gnupg_is_only_the_target_of_a_relay() {
    let target = "assuan:./S.gpg-agent";
    let only = "can only be connected to: `lsock relay LISTEN assuan:FILE`\n";
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["connect", target], &line(&format!("- {target}"))),
            (&["connect", target], "`assuan:` is the beginning of an endpoint"),
            (&["connect", "ASSUAN:./S.gpg-agent"], &line(&format!("- {target}"))),
            (&["listen", target], only),
            (&["relay", target, "@a"], "a socket file of GnuPG cannot be listened on"),
            (&["relay", target, "@a"], &line(&format!("@a {target}"))),
            (&["relay", target, "fd:3"], &line(&format!("fd:3 {target}"))),
            (&["relay", target, target], only),
            (&["relay", target, "exec:cat"], only),
            (&["relay", "@a", "ASSUAN:./S.gpg-agent"], &line(&format!("@a {target}"))),
            (&["relay", "@a", "assuan:"], "it takes the path of a socket file of GnuPG"),
            (&["relay", "-", "assuan:~/.gnupg/S.gpg-agent"], "`~`"),
            (&["relay", "@a", target, "--pass-fds"], "--pass-fds"),
            (&["relay", "@a", "-a", "./S.gpg-agent"], "`lsock relay LISTEN assuan:FILE`"),
            (&[target], &format!("`lsock relay - {target}` connects to it\n")),
            (&["bench", "latency", "--to", target], "is not a server to measure: --to"),
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_command_with_characters_of_a_shell_is_translated() {
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["relay", "@a", "exec:a | b,c"], "hint: `lsock relay @a \"exec:sh -c 'a | b,c'\"`\n"),
            (&["relay", "exec:a | b", "@a"], "hint: `lsock connect @a -- sh -c 'a | b'`\n"),
            (&["listen", "exec:a | b"], "hint: `lsock listen NAME -- sh -c 'a | b'`\n"),
        ],
    );
}

#[cfg(unix)]
#[test]
fn a_url_of_a_socket_file_is_its_path() {
    Scene::new().expect_wrong_usage(
        &[],
        &[
            (&["connect", "unix:///run/q.sock"], "`lsock connect /run/q.sock`"),
            (&["connect", "unix:/run/a b"], "`lsock connect '/run/a b'`"),
            (&["connect", "file:///run/a"], "`lsock connect /run/a`"),
            (&["relay", "@a", "unix:path=/run/bus"], "`lsock relay @a /run/bus`"),
            (&["connect", "unix@/run/a"], "`lsock connect /run/a`"),
        ],
    );
}

#[test]
fn a_bare_word_that_looks_like_a_file_is_refused() {
    let scene = Scene::new();
    for word in ["app.sock", "app.socket", "app.s", "APP.SOCK"] {
        for args in [
            &["listen", word][..],
            &["connect", word],
            &["relay", word, "@a"],
            &["relay", "@a", word],
        ] {
            let outcome = scene.lsock(args).run().fails(2).output("");
            let outcome = outcome.says(&format!("{word} could be a file or a name: write "));
            let outcome = outcome.says(&format!("@{word} for "));
            if cfg!(unix) {
                outcome.says(&format!("./{word} for a socket file"));
            }
        }
    }
    scene.expect_empty();
    scene.lsock(["listen", "@app.sock", "--explain"]).run().silent();
    scene.lsock(["listen", "ns:app.sock", "--explain"]).run().silent();
}

#[test]
fn a_bare_word_of_other_characters_is_refused() {
    let scene = Scene::new();
    for word in ["a b", "a,b", "a=b", "a@b", "$a", "a:b", "🦀", "-", "--", ".", "..", "_"] {
        // Windows does not read them as names: `tests/pipes.rs`.
        if cfg!(windows) && word.starts_with('.') {
            continue;
        }
        if !word.starts_with('-') {
            scene.lsock(["listen", word]).run().fails(2).says("bare word").output("");
            scene.lsock(["relay", "@a", word]).run().fails(2).says("bare word").output("");
        }
        let at = format!("@{word}");
        scene.lsock(["listen", &at, "--explain"]).run().silent();
    }
    for word in ["größe", "日本", "a-b_c.d", "5s", "com.example.app"] {
        scene.lsock(["listen", word, "--explain"]).run().silent();
    }
    scene.expect_empty();
}

#[cfg(unix)]
#[test]
fn a_tilde_that_no_shell_has_replaced_is_refused() {
    let scene = Scene::new();
    for (name, home) in [
        ("~/a.sock", "write ~/a.sock without quotes, or \"$HOME/a.sock\""),
        ("'~/a b'", "write ~/'a b' without quotes, or \"$HOME/a b\""),
        ("\"~/a\"", "write ~/a without quotes"),
        ("~user/a", "write ~user/a without quotes"),
        ("~", "write ~ without quotes"),
    ] {
        for args in [&["listen", name][..], &["connect", name], &["relay", name, "./a"]] {
            scene.lsock(args).run().fails(2).says(home).output("");
        }
    }
    scene.expect_empty();
    // The prefix `fs:` makes it a path. If there is no such folder, the hint names $HOME.
    for command in ["listen", "connect"] {
        scene.lsock([command, "fs:~/a"]).run().fails(3).says("write \"$HOME/a\"");
    }
    std::fs::create_dir(scene.path("~")).unwrap();
    let server = scene.listen("fs:~/a").args(["--", "cat"]).start_listening();
    server.wait_for_message("listening on fs:~/a ");
    scene.connect("./~/a").input("x").run().silent().output("x");
    server.end().ok();
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_too_long_is_named_from_its_folder() {
    let scene = Scene::new();
    let folder = scene.path(&"d".repeat(100));
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    let long = format!("{folder}/a.sock");
    for command in ["listen", "connect"] {
        let outcome = scene.lsock([command, &long]).run().fails(2);
        outcome.says(&format!("hint: `cd {folder}` first; there the name is ./a.sock,"));
    }
    scene
        .lsock(["relay", "./s", &format!("fs:{long}")])
        .run()
        .fails(2)
        .says("the name is ./a.sock");
    // The hint works.
    let script = format!(r#"cd {folder} && exec "$0" listen -v ./a.sock -- cat"#);
    let server = scene.shell(&script).start_listening();
    let script = format!(r#"cd {folder} && exec "$0" connect ./a.sock"#);
    scene.shell(&script).input("x").run().silent().output("x");
    server.end().ok();
    // It does not help if the last part alone is too long or empty.
    let outcome = scene.lsock(["connect", &format!("./d/{}", "a".repeat(107))]).run().fails(2);
    outcome.does_not_say("cd ");
    scene.lsock(["connect", &format!("{folder}/b/")]).run().fails(2).does_not_say("cd ");
}

/// The translation of a line works as it is printed.
#[cfg(unix)]
#[test]
fn the_line_in_a_hint_can_be_run() {
    let scene = Scene::new();
    let outcome =
        scene.lsock(["relay", "UNIX-LISTEN:a.sock,fork", "EXEC:tr a-z A-Z"]).run().fails(2);
    let (_, line) = outcome.stderr.split_once("hint: `lsock ").unwrap();
    let line = line.trim_end().strip_suffix('`').unwrap();
    let relay = scene.shell(&format!(r#"exec "$0" {line} -v"#)).start_listening();
    scene.connect("./a.sock").input("hello").run().silent().output("HELLO");
    relay.terminate();
}
