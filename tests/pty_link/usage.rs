//! What is refused, and the plan.

use crate::harness::Scene;

#[test]
fn what_cannot_work_is_refused_before_anything_is_opened() {
    let scene = Scene::new();
    let cases: &[(&[&str], &str)] = &[
        (&["pty:", "-"], "it takes the path of a symbolic link to make"),
        (&["./s", "pty:"], "it takes the path of a symbolic link to make"),
        (&["pty:./folder/", "-"], "does not end in a slash"),
        (&["pty:~/tty", "-"], "the shell does not replace `~`"),
        (&["pty:./tty", "pty:./tty"], "LISTEN and TARGET are the same"),
        (&["pty:./tty", "pty:tty"], "LISTEN and TARGET are the same"),
        (&["pty:./tty", "-", "--allow", "any"], "the users of a terminal are not known"),
        (&["pty:./tty", "-", "--max-conns-per-user", "1"], "--max-conns-per-user"),
        (&["pty:./tty", "./s", "--max-conns", "1"], "serves one program at a time"),
        (&["pty:./tty", "./s", "--backlog", "1"], "serves one program at a time"),
        (&["./s", "pty:./tty", "--max-conns", "1"], "a terminal has one client at a time"),
        (&["pty:./tty", "./s", "--sddl", "D:"], "--mode says who may open the terminal"),
        (&["pty:./tty", "./s", "--group", "no-such-group"], "no-such-group"),
        (&["pty:./tty", "./s", "--expose"], "--expose goes with tcp:"),
        (&["pty:./tty", "./s", "--pass-fds"], "--pass-fds takes local sockets"),
        (&["./s", "pty:./tty", "--pass-fds"], "--pass-fds takes local sockets"),
        (&["pty:./tty", "./s", "--copy", "splice"], "a terminal is none"),
        (&["./s", "pty:./tty", "--copy", "splice"], "a terminal is none"),
        (&["./s", "pty:./tty", "--server-user", "me"], "--server-user goes with a local socket"),
        (&["./s", "pty:./tty", "--hangup"], "--hangup goes with a command"),
        (&["./s", "pty:./tty", "--pty"], "--pty gives a terminal to a command"),
    ];
    scene.expect_wrong_usage(&["relay"], cases);
}

#[test]
fn other_commands_take_no_terminal_and_name_the_one_that_does() {
    let scene = Scene::new();
    for (command, hint) in [
        ("connect", "`lsock relay - pty:./tty`"),
        ("listen", "`lsock relay pty:./tty -`"),
        ("name", "lsock name --help"),
    ] {
        let outcome = scene.lsock([command, "pty:./tty"]).run().fails(2);
        outcome.says("`pty:` is the beginning of an endpoint that is no local socket").says(hint);
    }
    scene.expect_empty();
}

#[test]
fn the_plan_names_the_terminal() {
    let scene = Scene::new();
    let plan = scene.relay("pty:./tty", "pty:./other").arg("--explain").run().silent();
    plan.prints_all(&[
        "listen on    pty:./tty (pseudo-terminal)\n",
        "if in use    take over if stale\n",
        "serve        this user\n",
        "clients      one after another\n",
        "connect to   pty:./other (pseudo-terminal), when a program opens it\n\
         wait for it  as long as it takes\n",
    ]);
    let limits = ["--explain", "--mode", "660", "--wait=7s", "--connect-timeout=3s"];
    let plan = scene.relay("pty:./tty", "pty:./other").args(limits).run();
    plan.prints_all(&[
        "serve        whoever can open it (mode 660)\n",
        "wait for it  at most 3s\n",
    ]);
    let plan = scene.relay("pty:./tty", "-").args(["--explain", "--replace", "--once"]).run();
    plan.prints_all(&["if in use    take over, also a live one\n", "clients      one\n"]);
    scene.expect_empty();
}

#[test]
fn the_words_of_socat_are_translated() {
    let scene = Scene::new();
    let line = ["relay", "PTY,link=./tty,raw,echo=0,wait-slave", "TCP:host:4000"];
    scene.lsock(line).run().fails(2).says("`lsock relay pty:./tty tcp:host:4000`");
    scene.expect_empty();
}
