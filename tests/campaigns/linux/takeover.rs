//! Starts several listeners at once on the name that a killed listener has left.
//!
//! It proves that
//! - exactly one of them serves, and each of the others ends with status 3 and names the
//!   server; with `--replace`, the last one that took the name over serves;
//! - a listener that was replaced does not remove the name of its successor;
//! - a listener that is killed while it takes the name over does not delay the others;
//! - a file that is not a socket, and a live socket of another program, stay unchanged, even if
//!   they are created meanwhile;
//! - nothing is left in the folder.

use super::{
    contender::{Contender, Plan, settle, start},
    foreign::Foreign,
    process::{Sweep, check_left_over_of_killed, serve, terminate},
    random::Random,
    report::Figures,
};
use crate::harness::Scene;
use std::{
    io::Read,
    os::unix::net::UnixStream,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let scene = Scene::new();
    let _sweep = Sweep(&scene);
    let plan =
        Plan { replace: random.one_in(3), kills: random.one_in(3), foreign: random.one_in(2) };
    if !random.one_in(4) {
        let server = serve(&scene, &["listen", "./a", "-k"]);
        server.kill();
    }
    let contenders = if plan.foreign {
        beside_foreign(&scene, plan, random, figures)
    } else {
        start(&scene, plan, random)
    };
    figures.add("listeners started", contenders.len() as u64);
    let listening = settle(contenders, plan, figures);
    if !plan.foreign {
        check_served(&scene, &listening, plan, figures);
    }
    end(&scene, listening, random);
    if plan.foreign || plan.kills {
        // Takes over the sockets that are left.
        terminate(serve(&scene, &["listen", "./a", "-k"]));
    }
    check_left_over_of_killed(&scene, figures);
}

/// Starts the listeners while another program puts files of all kinds at the name.
fn beside_foreign(
    scene: &Scene,
    plan: Plan,
    random: &mut Random,
    figures: &mut Figures,
) -> Vec<Contender> {
    let mut foreign = Foreign::new(scene, random, !plan.replace, plan.kills);
    let is_over = AtomicBool::new(false);
    let (contenders, counts) = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                foreign.act();
            }
            foreign.counts
        });
        let mut contenders = start(scene, plan, random);
        for contender in &mut contenders {
            contender.wait();
        }
        is_over.store(true, Ordering::Relaxed);
        (contenders, thread.join())
    });
    let counts = counts.expect("the foreign program does not fail");
    figures.add("foreign files and live sockets that stayed", counts.stayed);
    figures.add("foreign files left aside by a killed listener", counts.aside);
    contenders
}

/// Returns the number of the listener that serves the name.
fn server_of(scene: &Scene) -> Option<usize> {
    let mut answer = String::new();
    UnixStream::connect(scene.path("a")).ok()?.read_to_string(&mut answer).unwrap();
    answer.trim().parse().ok()
}

fn check_served(scene: &Scene, listening: &[Contender], plan: Plan, figures: &mut Figures) {
    let numbers: Vec<_> = listening.iter().map(|contender| contender.number).collect();
    let is_right = numbers.len() <= 1 || plan.replace;
    assert!(is_right, "listeners {numbers:?} all listen on one name");
    match server_of(scene) {
        Some(server) => {
            assert!(numbers.contains(&server), "{server} serves, and {numbers:?} listen");
            figures.add("names served by exactly one", 1);
        }
        // The serving one may have been killed.
        None => assert!(plan.kills, "nobody serves, and {numbers:?} listen"),
    }
}

/// Ends the listeners, the one that serves the name last.
fn end(scene: &Scene, mut listening: Vec<Contender>, random: &mut Random) {
    let server = server_of(scene);
    while !listening.is_empty() {
        let next = random.below(listening.len());
        if listening.len() > 1 && Some(listening[next].number) == server {
            continue;
        }
        let Contender { number, running, .. } = listening.swap_remove(next);
        terminate(running);
        if !listening.is_empty() {
            let (now, files) = (server_of(scene), scene.files());
            assert!(
                now == server,
                "{number} ended: {server:?} served, now {now:?}; files {files:?}"
            );
        }
    }
    if server.is_some() {
        assert!(!scene.files().contains(&"a".to_owned()), "the name is left");
    }
}
