//! The campaigns and the order in which they run.

mod arguments;
mod checks;
mod contender;
mod foreign;
mod hub;
mod kill;
mod parts;
mod process;
mod random;
mod report;
mod signals;
mod stranger;
mod takeover;
mod visitor;

use arguments::Arguments;
use random::Random;
use report::{Figures, Summary};
use std::{env, process::ExitCode, time::Instant};

/// A campaign. Rounds are independent of each other.
struct Campaign {
    name: &'static str,
    /// One round, which panics if a check fails.
    round: fn(&mut Random, &mut Figures),
    /// Why the campaign cannot run here, if so.
    obstacle: fn() -> Option<&'static str>,
}

const CAMPAIGNS: [Campaign; 4] = [
    Campaign { name: "kill", round: kill::round, obstacle: || None },
    Campaign { name: "signals", round: signals::round, obstacle: || None },
    Campaign { name: "takeover", round: takeover::round, obstacle: || None },
    Campaign { name: "stranger", round: stranger::round, obstacle: stranger::obstacle },
];

pub(super) fn main() -> ExitCode {
    if let Some(target) = visitor::target_of_this_process() {
        visitor::visit(&target);
        return ExitCode::SUCCESS;
    }
    let arguments = match Arguments::parse(env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("campaigns: {error}");
            return ExitCode::from(2);
        }
    };
    process::prepare();
    report::collect_panics();
    println!("seed {}", arguments.seed);
    let summaries: Vec<_> =
        arguments.campaigns().map(|campaign| run(campaign, &arguments)).collect();
    report::print(&summaries);
    ExitCode::from(u8::from(summaries.iter().any(Summary::has_failed)))
}

/// Runs rounds until the number or the time of the arguments is reached.
fn run(campaign: &Campaign, arguments: &Arguments) -> Summary {
    let mut summary = Summary::new(campaign.name);
    if let Some(obstacle) = (campaign.obstacle)() {
        println!("{}: left out: {obstacle}", campaign.name);
        return summary;
    }
    let start = Instant::now();
    while !arguments.is_over(summary.rounds, start.elapsed()) {
        let seed = arguments.seed.wrapping_add(summary.rounds);
        summary.run_round(seed, campaign.round);
        summary.show_progress(start.elapsed());
    }
    summary.elapsed = start.elapsed();
    summary
}
