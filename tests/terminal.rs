//! lsock at a terminal: raw mode, the end that a peer causes while a person types, and jobs of a
//! shell.

mod both_terminals;
mod command_terminal;
mod jobs;
mod raw;
mod restored;
mod typed;
mod waiting;

use crate::harness::{Host, Pty, Running, Scene, Wire, has};

/// lsock at a terminal in raw mode, and its server.
struct Session {
    scene: Scene,
    pty: Pty,
    /// The settings of the terminal from before.
    settings: String,
    lsock: Running,
    host: Host,
    server: Option<Wire>,
}

/// The command that joins the terminal to a server at `./s`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Joins {
    Connect,
    Relay,
}

impl Joins {
    const BOTH: [Self; 2] = [Self::Connect, Self::Relay];

    fn command(self) -> &'static [&'static str] {
        match self {
            Self::Connect => &["connect", "./s"],
            Self::Relay => &["relay", "-", "./s"],
        }
    }
}

/// Starts bash at the terminal and waits for its prompt; `None` if it is not installed.
fn shell(scene: &Scene, pty: &Pty) -> Option<Running> {
    if !has("bash") {
        return None;
    }
    let bash = scene.bash_at(pty).start();
    pty.wait_for_screen("READY> ");
    Some(bash)
}

impl Session {
    /// Starts lsock and waits until raw mode has begun.
    #[track_caller]
    fn start(joins: Joins, args: &[&str]) -> Self {
        let scene = Scene::new();
        let pty = Pty::open();
        let settings = pty.settings(&scene);
        let (host, _) = scene.host("./s");
        let lsock = scene.lsock(joins.command()).args(args).at(&pty).start();
        let server = Some(host.accept());
        pty.wait_for_raw_mode(true);
        Self { scene, pty, settings, lsock, host, server }
    }

    fn server(&mut self) -> &mut Wire {
        self.server.as_mut().unwrap()
    }
}
