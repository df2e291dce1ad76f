use crate::harness::{Running, Scene, has, wait_for_file};
use std::{env, fs, os::unix::fs::PermissionsExt as _, path::Path};

/// A file with a name that has to be quoted.
const QUOTED: &str = "./a b$c.sock";

/// A shell in a terminal of script(1).
struct Terminal<'a> {
    scene: &'a Scene,
    shell: &'static str,
    running: Running,
}

impl<'a> Terminal<'a> {
    /// Starts the shell, and loads the script of lsock.
    fn open(scene: &'a Scene, shell: &'static str) -> Self {
        let completions = scene.lsock(["completions", shell]).run().silent().stdout;
        fs::write(scene.path("script"), completions).unwrap();
        let (command, function) = match shell {
            "bash" => ("bash --noprofile --rcfile rc -i", "lsock() { write_words \"$@\"; }"),
            "zsh" => (
                "zsh -d -i",
                "autoload -U compinit; compinit -u -d ./dump\nlsock() { write_words \"$@\"; }",
            ),
            _ => ("fish --no-config -i -C 'source rc'", "function lsock; write_words $argv; end"),
        };
        for rc in ["rc", ".zshrc"] {
            let text = format!("{function}\nsource ./script\ntouch ready\n");
            fs::write(scene.path(rc), text).unwrap();
        }
        let binary = Path::new(env!("CARGO_BIN_EXE_lsock")).parent().unwrap().to_owned();
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [scene.path("bin"), binary].into_iter().chain(env::split_paths(&path));
        let command = format!("stty rows 50 columns 200; exec {command}");
        let running = scene
            .command("script")
            .args(["--quiet", "--command", &command, "/dev/null"])
            .env("PATH", env::join_paths(folders).unwrap())
            .env("SHELL", "/bin/sh")
            .env("HOME", scene.folder())
            .env("ZDOTDIR", scene.folder())
            .env("XDG_CONFIG_HOME", scene.folder())
            .env("XDG_DATA_HOME", scene.folder())
            .env("TERM", "xterm")
            .open_input()
            .start();
        wait_for_file(&scene.path("ready"));
        fs::remove_file(scene.path("ready")).unwrap();
        Self { scene, shell, running }
    }

    /// Types the keys after `lsock` and the Enter key. Fails unless lsock gets the words.
    #[track_caller]
    fn expect(&mut self, keys: &str, words: &[&str]) {
        self.running.send(format!("lsock {keys}\r"));
        let written = self.scene.path("words");
        wait_for_file(&written);
        let text = fs::read_to_string(&written).unwrap();
        fs::remove_file(&written).unwrap();
        let got: Vec<&str> = text.lines().collect();
        assert_eq!(got, words, "{}: {keys:?}\n{}", self.shell, self.running.report());
    }

    fn close(mut self) {
        self.running.send("exit\r");
        self.running.end();
    }
}

/// Creates the programs `write_words` and `lsock-test-program`.
fn add_programs(scene: &Scene) {
    fs::create_dir(scene.path("bin")).unwrap();
    for (name, text) in [
        ("write_words", "#!/bin/sh\nprintf '%s\\n' \"$@\" > words.new\nmv words.new words\n"),
        ("lsock-test-program", "#!/bin/sh\n"),
    ] {
        let path = scene.path("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs the function in each shell that is installed, in a folder with a file, a folder and two
/// socket files, and with a server at an abstract name, the word of the scene followed by `-live`.
fn in_each_shell(test: impl Fn(&mut Terminal<'_>)) {
    for shell in ["bash", "zsh", "fish"] {
        if !has(shell) || !has("script") {
            continue;
        }
        let scene = Scene::new();
        add_programs(&scene);
        fs::write(scene.path("plain.txt"), "").unwrap();
        fs::create_dir(scene.path("dir x")).unwrap();
        let live = format!("{}-live", scene.word());
        let names = [live.as_str(), QUOTED, "./dir x/s.sock"];
        let servers = names.map(|name| scene.listen(name).start_listening());
        let mut terminal = Terminal::open(&scene, shell);
        test(&mut terminal);
        terminal.close();
        drop(servers);
    }
}

#[test]
fn names_of_live_servers_are_completed() {
    in_each_shell(|terminal| {
        let word = terminal.scene.word();
        let live = format!("{word}-live");
        terminal.expect("conn\t", &["connect"]);
        terminal.expect(&format!("connect {word}\t"), &["connect", &live]);
        terminal.expect(&format!("connect @{word}\t"), &["connect", &format!("@{live}")]);
        terminal.expect(&format!("name x {word}\t"), &["name", "x", &live]);
        terminal.expect(&format!("relay x {word}\t"), &["relay", "x", &live]);
        // Only new names can be listened on.
        terminal.expect(&format!("listen {word}\t"), &["listen", word]);
        terminal.expect(&format!("relay {word}\t x"), &["relay", word, "x"]);
    });
}

#[test]
fn socket_files_are_completed_and_quoted() {
    in_each_shell(|terminal| {
        let home = format!("{}/{}", terminal.scene.folder().display(), &QUOTED[2..]);
        terminal.expect("connect ./a\t", &["connect", QUOTED]);
        terminal.expect("connect \"./a\t", &["connect", QUOTED]);
        terminal.expect("connect './a\t", &["connect", QUOTED]);
        terminal.expect("relay x ./a\t", &["relay", "x", QUOTED]);
        terminal.expect("connect ~/a\t", &["connect", &home]);
        terminal.expect("connect $HOME/a\t", &["connect", &home]);
        terminal.expect("connect ./dir\\ x/\t", &["connect", "./dir x/s.sock"]);
        terminal.expect("connect ./di\ts\t", &["connect", "./dir x/s.sock"]);
        terminal.expect("connect './di\ts\t", &["connect", "./dir x/s.sock"]);
        terminal.expect("tap ./a\t", &["tap", QUOTED]);
        terminal.expect("replay pl\t./a\t", &["replay", "plain.txt", QUOTED]);
        // No other files.
        terminal.expect("connect ./pl\t", &["connect", "./pl"]);
    });
}

#[test]
fn only_folders_are_completed_for_new_names() {
    in_each_shell(|terminal| {
        terminal.expect("listen ./a\t", &["listen", "./a"]);
        terminal.expect("listen ./di\tnew", &["listen", "./dir x/new"]);
        terminal.expect("relay ./di\tnew y", &["relay", "./dir x/new", "y"]);
        terminal.expect("bench --at ./di\tnew", &["bench", "--at", "./dir x/new"]);
        terminal.expect("replay f --serve ./di\tnew", &["replay", "f", "--serve", "./dir x/new"]);
    });
}

#[test]
fn prefixes_of_endpoints_do_not_become_something_else() {
    in_each_shell(|terminal| {
        terminal.expect("relay x tc\tlocalhost:1", &["relay", "x", "tcp:localhost:1"]);
        for rest in ["", "./", "pl", "lo", "80"] {
            let text = format!("tcp:{rest}");
            terminal.expect(&format!("relay x {text}\t"), &["relay", "x", &text]);
            terminal.expect(&format!("relay {text}\t x"), &["relay", &text, "x"]);
            terminal.expect(&format!("connect {text}\t"), &["connect", &text]);
        }
        terminal.expect("relay x assuan:./pl\t", &["relay", "x", "assuan:./plain.txt"]);
    });
}

#[test]
fn values_of_options_are_completed() {
    in_each_shell(|terminal| {
        terminal.expect("bench --over fs,so\t", &["bench", "--over", "fs,socketpair"]);
        terminal.expect("bench --over=fs,so\t", &["bench", "--over=fs,socketpair"]);
        terminal.expect("bench --sav\tpl\t", &["bench", "--save", "plain.txt"]);
        terminal.expect("bench --save=pl\t", &["bench", "--save=plain.txt"]);
        terminal.expect("tap x --trace-file pl\t", &["tap", "x", "--trace-file", "plain.txt"]);
        terminal.expect("connect x --record pl\t", &["connect", "x", "--record", "plain.txt"]);
        terminal.expect("connect x --trace=h\t", &["connect", "x", "--trace=hex"]);
        terminal.expect("connect x --progress=al\t", &["connect", "x", "--progress=always"]);
        terminal.expect("listen x --allow us\troot", &["listen", "x", "--allow", "user:root"]);
        terminal.expect("listen x --allow=user:roo\t", &["listen", "x", "--allow=user:root"]);
        terminal.expect("listen x --group roo\t", &["listen", "x", "--group", "root"]);
        terminal.expect("connect --server-user roo\t", &["connect", "--server-user", "root"]);
    });
}

#[test]
fn commands_after_dashes_are_completed() {
    in_each_shell(|terminal| {
        let program = "lsock-test-program";
        terminal.expect("connect x -- lsock-test-pr\t", &["connect", "x", "--", program]);
        terminal
            .expect("listen -k x -- cat pl\t", &["listen", "-k", "x", "--", "cat", "plain.txt"]);
    });
}
