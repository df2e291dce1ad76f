//! Exit statuses, `-q`, and usage, on every system.

use crate::harness::Scene;

#[test]
fn a_name_without_a_server_is_status_3_and_says_what_it_means_everywhere() {
    let scene = Scene::new();
    let word = scene.word();
    let outcome = scene.lsock(["name", word]).run().code(3).says("");
    assert_eq!(outcome.stderr, "");
    let pipe =
        format!(r"named pipe \\.\pipe\{word}, {} of at most 256 UTF-16 units", word.len() + 9);
    let abstract_name = format!("abstract socket @{word}, {} of at most 107 bytes", word.len());
    let file = format!("socket file in the runtime folder {word}, {} of at most 99", word.len());
    outcome.prints_all(&[": nobody listens\n", &pipe, &abstract_name, &file]);
}

#[test]
fn a_server_is_status_0_and_the_worst_answer_counts() {
    let scene = Scene::new();
    let (_host, name) = scene.host(scene.word());
    let absent = scene.other_word();
    scene.lsock(["name", "--probe", &name]).run().silent().prints("a connection succeeded");
    let both = scene.lsock(["name", "--probe", &name, &absent]).run().code(3);
    assert_eq!(both.stdout_text().matches("\n\n").count(), 1, "{}", both.report());
    both.prints("accepts connections").prints("accepts no connection");
    scene.lsock(["name", "--probe=1ms", &absent, &name]).run().code(4);
}

#[test]
fn quiet_prints_nothing() {
    let scene = Scene::new();
    let (_host, name) = scene.host(scene.word());
    let absent = scene.other_word();
    for (args, status) in [
        (&["-q", "--probe", &name][..], 0),
        (&["-q", &absent], 3),
        (&["-q", "--json", &absent], 3),
        (&["-q", "--probe", &absent], 3),
        (&["-q", "--probe=1ms", &absent], 4),
        (&["--quiet", "--probe=20s", &name, &name], 0),
    ] {
        let outcome = scene.lsock(["name"]).args(args).run().code(status).output("");
        assert_eq!(outcome.stderr, "", "{}", outcome.report());
    }
    scene.lsock(["-q", "name", &absent]).run().code(3).output("");
}

#[test]
fn wrong_usage_is_refused() {
    let scene = Scene::new();
    scene.expect_wrong_usage(
        &["name"],
        &[
            (&[], "NAME"),
            (&["tcp:localhost:80"], "`tcp:` is the beginning of an endpoint"),
            (&["a.sock"], "a.sock could be a file or a name"),
            (&["a", "--probe", "5s"], "the value of `--probe` has to follow `=`"),
            (&["a", "--probe=soon"], "it takes a number with a unit"),
            (&["a", "--clients=-1"], "--clients"),
            (&["a", "--clients", "x"], "it takes a whole number from 0"),
        ],
    );
}

#[test]
fn words_of_other_programs_lead_to_it() {
    let scene = Scene::new();
    for word in ["status", "check", "inspect", "info", "stat", "who", "test"] {
        let outcome = scene.lsock([word, "@a"]).run().fails(2);
        outcome.says("`lsock name @a`");
    }
}
