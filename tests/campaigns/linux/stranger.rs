//! Connects as user nobody, in a loop, while listeners of root start and end.
//!
//! It proves that
//! - no connection of the stranger brings a byte or stays open, at each moment of a start, a
//!   restart, a replacement or a change of the mode;
//! - the clients of the owner are served within a bound meanwhile;
//! - the listener has as many descriptors and about as much memory after a flood of refused
//!   connections as before.

use super::{
    process::{Sweep, check_in_time, check_left_over, lsock, terminate},
    random::Random,
    report::Figures,
    visitor::{TARGET, Visits},
};
use crate::harness::{NOBODY, Running, Scene, memory, open_files, wait_until};
use rustix::process::geteuid;
use std::{
    env, fs, mem,
    os::unix::fs::PermissionsExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// The longest time in which the owner is served.
const BOUND: Duration = Duration::from_secs(5);

/// The most memory that a flood may cost a listener.
const MEMORY: u64 = 8 << 20;

pub(super) fn obstacle() -> Option<&'static str> {
    (!geteuid().is_root()).then_some("only root can run a process as another user")
}

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let (scene, tools) = (Scene::new(), Scene::new());
    let _sweep = Sweep(&scene);
    for scene in [&scene, &tools] {
        fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    }
    // `cp` copies: a descriptor that this process has open for writing could be inherited by a
    // child, and execve(2) would fail with ETXTBSY meanwhile.
    let program = tools.path("visitor");
    tools.command("cp").arg(env::current_exe().unwrap()).arg(&program).run().ok();
    let name = if random.one_in(2) { "./a".to_owned() } else { format!("@{}", scene.word()) };
    let strangers = Strangers { scene: &scene, program: &program, name: &name };
    if random.one_in(2) {
        flood(&strangers, random, figures);
    } else {
        lifetimes(&strangers, random, figures);
    }
    check_left_over(&scene, &[]);
}

/// Starts processes of user nobody that connect to a name.
struct Strangers<'a> {
    scene: &'a Scene,
    program: &'a Path,
    name: &'a str,
}

impl Strangers<'_> {
    fn start(&self, count: usize) -> Vec<Running> {
        let cmd = || self.scene.command(self.program).user(NOBODY);
        (0..count).map(|_| cmd().env(TARGET, self.name).open_input().start()).collect()
    }
}

/// Ends the strangers. Fails if one of them was served.
fn end_strangers(strangers: Vec<Running>, figures: &mut Figures) {
    for mut stranger in strangers {
        stranger.close_input();
        let outcome = stranger.end().ok();
        let visits = Visits::parse(outcome.stdout_text());
        figures.add("attempts of a stranger", visits.attempts);
        figures.add("connections of a stranger, refused", visits.connected);
        assert!(visits.served == 0, "a stranger was served: {visits:?}");
    }
}

/// Returns options with which only root is served.
fn options(name: &str, random: &mut Random) -> &'static [&'static str] {
    let allow: &[_] = &["--allow", "uid:0"];
    if name.starts_with('@') {
        return random.pick(&[&[], allow]);
    }
    let open: &[_] = &["--mode", "666", "--allow", "uid:0"];
    random.pick(&[&[], allow, open, &["--mode", "660", "--group", "0"]])
}

/// Starts a listener that sends its user ID to each client.
fn listen(scene: &Scene, name: &str, options: &[&str]) -> Running {
    let cmd = lsock(scene, &["listen", name, "-v", "-k"]).args(options);
    cmd.args(["--", "sh", "-c", "echo $LSOCK_PEER_UID"]).start_listening()
}

/// Fails unless a client of the owner is served within the bound.
fn check_owner(scene: &Scene, name: &str, figures: &mut Figures) {
    let start = Instant::now();
    lsock(scene, &["connect", name]).run().silent().output("0\n");
    let elapsed = check_in_time("a client of the owner", start, BOUND);
    figures.add("clients of the owner", 1);
    figures.maximum("longest time of a client of the owner, ms", elapsed.as_millis() as u64);
}

/// Starts and ends listeners in each way while the strangers connect.
fn lifetimes(strangers: &Strangers<'_>, random: &mut Random, figures: &mut Figures) {
    let Strangers { scene, name, .. } = *strangers;
    let running = strangers.start(1 + random.below(2));
    let mut server = listen(scene, name, options(name, random));
    for _ in 0..2 + random.below(6) {
        check_owner(scene, name, figures);
        thread::sleep(random.pause(15));
        if random.one_in(3) && !name.starts_with('@') {
            let replace = [&["--replace"], options(name, random)].concat();
            terminate(mem::replace(&mut server, listen(scene, name, &replace)));
        } else {
            if random.one_in(2) {
                drop(server.kill());
            } else {
                terminate(server);
            }
            server = listen(scene, name, options(name, random));
        }
        figures.add("listeners started", 1);
    }
    check_owner(scene, name, figures);
    terminate(server);
    end_strangers(running, figures);
}

/// One listener refuses the strangers as fast as they connect.
fn flood(strangers: &Strangers<'_>, random: &mut Random, figures: &mut Figures) {
    let Strangers { scene, name, .. } = *strangers;
    let open: &[_] = &["--mode", "666", "--allow", "uid:0"];
    let server = listen(scene, name, if name.starts_with('@') { &[] } else { open });
    check_owner(scene, name, figures);
    let (memory_before, files_before) = (memory(&server), open_files(&server));
    let running = strangers.start(1 + random.below(2));
    for _ in 0..5 {
        thread::sleep(random.pause(18));
        check_owner(scene, name, figures);
    }
    end_strangers(running, figures);
    let grown = memory(&server).saturating_sub(memory_before);
    figures.maximum("most memory that a flood cost a listener, bytes", grown);
    figures.add("bytes of warnings in floods", server.stderr.so_far().len() as u64);
    assert!(grown <= MEMORY, "memory grew from {memory_before} by {grown} bytes");
    wait_until("no descriptor is left", || open_files(&server) <= files_before);
    terminate(server);
}
