//! Windows: text that is typed at a console and shown on it, in UTF-8 for the peer.

use crate::harness::{Collected, PseudoConsole, Scene, Spawned, becomes};
use std::io::Write;

/// lsock in a console.
struct AtConsole {
    process: Spawned,
    console: PseudoConsole,
    screen: Collected,
}

impl AtConsole {
    #[track_caller]
    fn start(args: &str) -> Self {
        let mut console = PseudoConsole::new();
        let screen = Collected::from(console.screen.take().unwrap());
        // The shell opens the console as standard streams, whatever those of the test are.
        let lsock = env!("CARGO_BIN_EXE_lsock");
        let line = format!("cmd /c \"{lsock} {args} < CONIN$ > CONOUT$ 2> CONOUT$\"");
        Self { process: console.spawn(&line), console, screen }
    }

    fn type_keys(&mut self, keys: &str) {
        self.console.keys.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Returns what was shown so far, without escape sequences.
    fn shown(&self) -> String {
        let bytes = self.screen.so_far();
        let text = String::from_utf8_lossy(&bytes);
        let mut sequences = text.split('\u{1b}');
        let mut shown = sequences.next().unwrap_or_default().to_owned();
        for sequence in sequences {
            let (ends, first): (fn(char) -> bool, _) = match sequence.chars().next() {
                Some('[') => (|char| char.is_ascii_alphabetic(), 1),
                Some(']') => (|char| char == '\u{7}', 1),
                _ => (|_| true, 0),
            };
            if let Some((_, rest)) = sequence.get(first..).and_then(|rest| rest.split_once(ends)) {
                shown.push_str(rest);
            }
        }
        shown
    }

    #[track_caller]
    fn wait_for_screen(&self, text: &str) {
        assert!(becomes(|| self.shown().contains(text)), "no `{text}` in `{}`", self.shown());
    }
}

#[test]
fn a_typed_line_is_sent_in_utf_8() {
    // Commands, and whether their peer is a client.
    let commands = [
        ("connect NAME", false),
        ("relay - NAME", false),
        ("listen NAME", true),
        ("relay NAME - --once", true),
        ("listen NAME -k --broadcast", true),
    ];
    for (command, serves) in commands {
        let scene = Scene::new();
        let command = command.replace("NAME", scene.word());
        let (mut lsock, mut peer) = if serves {
            (AtConsole::start(&command), scene.wire(scene.word()))
        } else {
            let (host, _) = scene.host(scene.word());
            (AtConsole::start(&command), host.accept())
        };
        lsock.type_keys("ümlaut ß 日本\r");
        peer.expect("ümlaut ß 日本\r\n");
        lsock.type_keys("😀\r");
        peer.expect("😀\r\n");
        peer.end();
        lsock.type_keys("\u{1a}");
        peer.expect_rest("");
        assert_eq!(lsock.process.end(), 0);
    }
}

#[test]
fn ctrl_z_sends_what_was_typed_and_then_the_end_of_file() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let mut lsock = AtConsole::start(&format!("connect {name}"));
    let mut server = host.accept();
    lsock.type_keys("no newline\u{1a}");
    server.expect("no newline");
    lsock.type_keys("\u{1a}");
    server.expect_rest("");
    // The other direction is still open.
    server.send("bye");
    lsock.wait_for_screen("bye");
    server.end();
    assert_eq!(lsock.process.end(), 0);
}

#[test]
fn received_text_is_shown_however_it_arrives() {
    let scene = Scene::new();
    let (host, name) = scene.host(scene.word());
    let lsock = AtConsole::start(&format!("connect {name} --recv-only"));
    let mut server = host.accept();
    server.send("grüße,€\r\n");
    lsock.wait_for_screen("grüße,€");
    // Half of a character.
    server.send(b"one\xe2\x82");
    lsock.wait_for_screen("one");
    server.send(b"\xactwo\r\n");
    lsock.wait_for_screen("one€two");
    server.send(b"not\xff\xfetext\r\n");
    lsock.wait_for_screen("not\u{fffd}\u{fffd}text");
    // More than one write of a console, ending in half of a character.
    server.send("ä".repeat(20_000));
    server.send(b"\r\nlast\xe2\x82");
    drop(server);
    lsock.wait_for_screen("last\u{fffd}");
    assert_eq!(lsock.process.end(), 0);
}
