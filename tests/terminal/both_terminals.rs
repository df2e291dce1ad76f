//! `--raw` and `--pty` together: a person types at the terminal of a command, as with script(1).

use crate::harness::{Cmd, Pty, Running, Scene};

/// A relay between a terminal and a command at a terminal of its own.
struct Joined {
    scene: Scene,
    pty: Pty,
    /// The settings of the terminal from before.
    settings: String,
    lsock: Running,
}

impl Joined {
    /// Starts the relay, with a shell that runs the script, at a terminal with unusual settings.
    fn start(args: &[&str], script: &str) -> Self {
        let (scene, pty) = (Scene::new(), Pty::open());
        pty.resize(30, 100);
        pty.set(&scene, &["erase", "^H", "intr", "^G", "-ixon", "iutf8"]);
        let settings = pty.settings(&scene);
        let lsock = relay(&scene).args(args).args(["--", "sh", "-c", script]).at(&pty).start();
        pty.wait_for_raw_mode(true);
        Self { scene, pty, settings, lsock }
    }

    /// Waits until lsock has ended with this status, and the terminal has the settings from before.
    fn ends(self, status: i32, message: &str) {
        self.lsock.end().code(status).says(message);
        assert_eq!(self.pty.settings(&self.scene), self.settings);
    }
}

fn relay(scene: &Scene) -> Cmd {
    scene.lsock(["relay", "-", "--raw", "--pty"])
}

#[test]
fn the_terminal_of_the_command_has_the_settings_and_the_size_of_ours() {
    let joined = Joined::start(&[], "stty -a | cat; exec cat");
    let settings = joined.settings.trim_end().replace('\n', "\r\n");
    joined.lsock.wait_for_message("lsock: connected to the command `sh -c ");
    joined.pty.wait_for_screen(&settings);
    joined.pty.type_keys("\x04");
    joined.ends(0, "lsock: the command has ended\n");
}

#[test]
fn keys_have_their_meanings_at_the_terminal_of_the_command() {
    let script = "trap 'echo interrupted; exit 4' INT; echo ready; read line; echo \"<$line>\"; \
                  while :; do sleep 0.1; done";
    let joined = Joined::start(&[], script);
    joined.pty.wait_for_screen("ready\r\n");
    // The first character is erased whole.
    joined.pty.type_keys("ä\x08text\r");
    joined.pty.wait_for_screen("<text>\r\n");
    joined.pty.type_keys("\x07");
    joined.pty.wait_for_screen("^Ginterrupted\r\n");
    assert_eq!(joined.pty.shown().matches("text").count(), 2, "one echo, one output");
    joined.ends(4, "lsock: the command has ended\n");
}

#[test]
fn the_terminal_of_the_command_follows_the_size_of_ours() {
    let joined =
        Joined::start(&[], "trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done");
    joined.pty.wait_for_screen("30 100\r\n");
    joined.pty.resize(40, 120);
    joined.pty.wait_for_screen("40 120\r\n");
    joined.pty.resize(30, 100);
    joined.pty.wait_for_screens("30 100\r\n", 2);
    joined.pty.type_keys("\x1d");
    joined.ends(129, "lsock: left the connection\n");
}

#[test]
fn a_command_that_cannot_be_run_leaves_the_terminal_as_it_was() {
    let (scene, pty) = (Scene::new(), Pty::open());
    let settings = pty.settings(&scene);
    std::fs::write(scene.path("program"), "no program").unwrap();
    relay(&scene).args(["--", "./program"]).at(&pty).start().end().fails(2).says("./program");
    assert_eq!(pty.settings(&scene), settings);
}

#[test]
fn a_command_that_ignores_the_hang_up_is_waited_for() {
    let script = "trap '' HUP; echo ready; while ! test -e end; do sleep 0.1; done; exit 3";
    let joined = Joined::start(&["-v"], script);
    joined.pty.wait_for_screen("ready\r\n");
    joined.pty.type_keys("\x1d");
    joined.pty.wait_for_raw_mode(false);
    assert_eq!(joined.pty.settings(&joined.scene), joined.settings);
    joined.lsock.wait_for_message("left the connection");
    std::fs::write(joined.scene.path("end"), "").unwrap();
    joined.ends(3, "lsock: left the connection\n");
}

#[test]
fn a_person_who_has_left_is_told_that_the_command_goes_on() {
    let (scene, pty) = (Scene::new(), Pty::open());
    let command = "trap '' HUP; echo ready; while ! test -e end; do sleep 0.1; done";
    let script = r#"exec "$0" relay - --raw --pty -- sh -c "$1" 2>&0"#;
    let lsock = scene.shell(script).arg(command).at(&pty).start();
    pty.wait_for_screen("ready\r\n");
    pty.type_keys("\x1d");
    pty.wait_for_screen("lsock: left the connection\r\n");
    pty.wait_for_screen("lsock: waiting: the command has not ended yet\r\n");
    std::fs::write(scene.path("end"), "").unwrap();
    lsock.end().ok();
    assert_eq!(pty.shown().matches("left").count(), 1, "{:?}", pty.shown());
}

#[test]
fn raw_mode_alone_is_not_for_a_command() {
    let scene = Scene::new();
    let plan = relay(&scene).args(["--explain", "--", "cat"]).run().silent();
    plan.prints_all(&["terminal     raw mode, ^] leaves\n", "terminal     a new one for each"]);
    let usage = scene.lsock(["relay", "-", "--raw", "--", "cat"]).run().fails(2);
    usage.says("--raw with a command takes --pty: keys are for a terminal");
}
