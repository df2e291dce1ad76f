//! Listeners that start at once on one name.

use super::{process::lsock, random::Random, report::Figures};
use crate::harness::{Running, Scene, becomes, signal};
use rustix::process::Signal;
use std::thread;

/// A listener that sends its number to each client.
pub(super) struct Contender {
    pub(super) number: usize,
    pub(super) running: Running,
    pub(super) is_killed: bool,
}

/// What happens in a round besides the start of several listeners.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) replace: bool,
    pub(super) kills: bool,
    pub(super) foreign: bool,
}

/// Starts the listeners, and kills some of them at random moments.
pub(super) fn start(scene: &Scene, plan: Plan, random: &mut Random) -> Vec<Contender> {
    let mut contenders: Vec<Contender> = Vec::new();
    for number in 0..2 + random.below(9) {
        let replace: &[_] = if plan.replace && random.one_in(2) { &["--replace"] } else { &[] };
        let number_text = number.to_string();
        let cmd = lsock(scene, &["listen", "./a", "-v", "-k"]).args(replace);
        let running = cmd.args(["--", "echo", &number_text]).start();
        contenders.push(Contender { number, running, is_killed: false });
        thread::sleep(random.pause(12));
        if plan.kills && random.one_in(3) {
            thread::sleep(random.pause(14));
            let victim = random.below(contenders.len());
            // Has no effect if the process has ended; it is not waited for yet.
            signal(&contenders[victim].running, Signal::KILL);
            contenders[victim].is_killed = true;
        }
    }
    contenders
}

impl Contender {
    fn is_listening(&self) -> bool {
        self.running.log().contains("listening on ")
    }

    /// Waits until it listens or has ended.
    #[track_caller]
    pub(super) fn wait(&mut self) {
        let is_settled = becomes(|| !self.running.is_running() || self.is_listening());
        assert!(is_settled, "listener {} neither listens nor ends", self.number);
    }
}

/// Waits until every listener listens or has ended, checks those that have ended, and
/// returns the others.
pub(super) fn settle(
    contenders: Vec<Contender>,
    plan: Plan,
    figures: &mut Figures,
) -> Vec<Contender> {
    let mut listening = Vec::new();
    for mut contender in contenders {
        contender.wait();
        if contender.is_killed {
            contender.running.end().does_not_say("panicked");
            figures.add("listeners killed", 1);
        } else if contender.is_listening() {
            listening.push(contender);
        } else {
            let outcome = contender.running.end().fails(3);
            figures.add("listeners refused with status 3", 1);
            if !plan.foreign {
                outcome.says("a live server holds the name");
            }
        }
    }
    listening
}
