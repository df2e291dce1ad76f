//! The command line of the campaigns.

use super::{CAMPAIGNS, Campaign};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long each campaign takes by default: together half a minute, for every `cargo test`.
const SHORT: Duration = Duration::from_secs(7);

const USAGE: &str = "\
usage: cargo test --test campaigns -- [kill|signals|takeover|stranger|all]...
           [--rounds N | --time DURATION] [--seed N]

  --rounds N       run N rounds of each campaign
  --time DURATION  run for this long in total, such as 20m [default: 7s for each campaign]
  --seed N         the seed of the first round; each further round adds 1";

#[derive(Debug)]
pub(super) struct Arguments {
    /// Names of campaigns; empty for all of them.
    names: Vec<String>,
    rounds: Option<u64>,
    time: Option<Duration>,
    pub(super) seed: u64,
}

impl Arguments {
    /// Returns `None` if there is nothing to run.
    pub(super) fn parse(args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut arguments =
            Self { names: Vec::new(), rounds: None, time: None, seed: now.as_micros() as u64 };
        let mut is_filtered = false;
        let mut args = args.flat_map(|arg| match arg.split_once('=') {
            Some((option, value)) => vec![option.to_owned(), value.to_owned()],
            None => vec![arg],
        });
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => arguments.rounds = Some(number(&arg, args.next())?),
                "--seed" => arguments.seed = number(&arg, args.next())?,
                "--time" => arguments.time = Some(duration(args.next())?),
                "--help" | "-h" => {
                    println!("{USAGE}");
                    return Ok(None);
                }
                "all" => arguments.names.extend(CAMPAIGNS.map(|one| one.name.to_owned())),
                // `cargo test` gives every test target the options of libtest, and filters.
                "--list" => return Ok(None),
                "--test-threads" | "--skip" | "--format" | "--color" | "-Z" => drop(args.next()),
                _ if arg.starts_with('-') => {}
                _ if CAMPAIGNS.iter().any(|one| one.name == arg) => arguments.names.push(arg),
                _ => is_filtered = true,
            }
        }
        if is_filtered && arguments.names.is_empty() {
            println!("no campaign has this name; see --help");
            return Ok(None);
        }
        Ok(Some(arguments))
    }

    pub(super) fn campaigns(&self) -> impl Iterator<Item = &'static Campaign> {
        let is_named = |name| self.names.is_empty() || self.names.iter().any(|one| one == name);
        CAMPAIGNS.iter().filter(move |campaign| is_named(campaign.name))
    }

    /// Returns whether a campaign ends after this many rounds and this time.
    pub(super) fn is_over(&self, rounds: u64, elapsed: Duration) -> bool {
        let share = |time| time / self.campaigns().count() as u32;
        match self.rounds {
            Some(limit) => rounds >= limit,
            None => elapsed >= self.time.map_or(SHORT, share),
        }
    }
}

fn number(option: &str, value: Option<String>) -> Result<u64, String> {
    value.and_then(|text| text.parse().ok()).ok_or_else(|| format!("{option} takes a number"))
}

fn duration(value: Option<String>) -> Result<Duration, String> {
    value
        .and_then(|text| humantime::parse_duration(&text).ok())
        .ok_or_else(|| "--time takes a duration such as 20m".to_owned())
}
