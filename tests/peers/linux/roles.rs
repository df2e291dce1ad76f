//! The roles of this program, each in a process of its own.

use super::{bare, bulk, crowd, echo, epoll_relay, pattern::Check, source_sink, splice};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Signal, set_parent_process_death_signal};
use std::{path::Path, process::Command};

/// The first argument of a role.
const MARK: &str = "--play";

/// Starts this program in a role.
pub(super) fn role(name: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("who am I?")?);
    command.args([MARK, name]);
    Ok(command)
}

pub(super) fn of_this_process() -> Option<(String, Vec<String>)> {
    let mut args = std::env::args().skip(1);
    (args.next()? == MARK).then(|| Some((args.next()?, args.collect())))?
}

pub(super) fn play(role: &str, args: &[String]) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match (role, args.as_slice()) {
        ("source", [bytes]) => source_sink::source(bytes.parse()?),
        ("sink", [bytes, check]) => source_sink::sink(bytes.parse()?, Check::parse(check)?),
        ("splice-connect", [path]) => splice::connect(Path::new(path)),
        ("splice-listen", [path]) => splice::listen(Path::new(path)),
        ("epoll-relay", [listen, target]) => {
            epoll_relay::copy(Path::new(listen), Path::new(target))
        }
        ("splice-relay", [listen, target]) => {
            epoll_relay::splice_through_pipes(Path::new(listen), Path::new(target))
        }
        ("discard", [path]) => bulk::discard(Path::new(path)),
        ("send", [path, bytes, block, check]) => {
            bulk::send(Path::new(path), bytes.parse()?, block.parse()?, Check::parse(check)?)
        }
        ("echo-threads", [path]) => echo::with_threads(Path::new(path)),
        ("echo-events", [path]) => echo::with_events(Path::new(path)),
        ("bare-server", [path, work, size, cpu, idle]) => {
            let (work, size) = (bare::Work::parse(work)?, size.parse()?);
            bare::serve(Path::new(path), work, size, cpu.parse()?, idle.parse()?)
        }
        ("bare-client", [path, work, size, cpu]) => {
            bare::client(Path::new(path), bare::Work::parse(work)?, size.parse()?, cpu.parse()?)
        }
        ("crowd", [path, count]) => crowd::crowd(Path::new(path), count.parse()?),
        _ => bail!("no such role: {role} {args:?}"),
    }
}
