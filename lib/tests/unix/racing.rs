//! Processes that listen on the same name at the same time.

use super::{
    child::{Job, Running, argument, tell},
    files::{Folder, make_stale, options, server_of},
};
use crate::harness::within_deadline;
use local_socket::{OnConflict, traits::Stream as _};
use std::{
    env,
    io::{self, BufRead as _},
    path::PathBuf,
    process, thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const PROCESSES: usize = 10;

/// Returns the number of rounds. More rounds find rare failures.
fn rounds() -> usize {
    let rounds = env::var("LOCAL_SOCKET_RACE_ROUNDS").ok();
    rounds.map_or(50, |rounds| rounds.parse().unwrap())
}

/// Ten processes start on a stale name at the same time. One serves, the others get an error that
/// says so, and nothing is left behind.
#[test]
fn exactly_one_takes_over_a_stale_name() {
    within_deadline_for(rounds(), || {
        let folder = Folder::new();
        let mut racers: Vec<_> = (0..PROCESSES)
            .map(|_| Job::new("claim").with("folder", folder.root()).start())
            .collect();
        let path = |round: usize| folder.root().join(format!("{round}.sock"));
        (0..rounds()).step_by(2).for_each(|round| make_stale(&path(round)));
        for round in 0..rounds() {
            // Every second socket is so new that its server might be about to listen.
            if round % 2 == 1 {
                make_stale(&path(round));
            }
            race(&mut racers, round, &path(round));
            assert!(!path(round).exists());
        }
        for racer in racers {
            racer.finish();
        }
        assert_eq!(folder.entries(), [""; 0]);
    });
}

fn race(racers: &mut [Running], round: usize, path: &std::path::Path) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let start = (now + Duration::from_millis(3)).as_micros();
    for racer in &mut *racers {
        racer.tell(&format!("{round} {start}"));
    }
    let answers: Vec<_> = racers.iter_mut().map(|racer| racer.next_line().unwrap()).collect();
    let winners: Vec<_> = (0..racers.len()).filter(|n| answers[*n] == "serves").collect();
    assert_eq!(winners.len(), 1, "round {round}: {answers:?}");
    let losers = answers.iter().filter(|answer| *answer == "AddrInUse").count();
    assert_eq!(losers, racers.len() - 1, "round {round}: {answers:?}");
    assert_eq!(server_of(path), racers[winners[0]].pid());
    // The winner may end only now.
    for racer in &mut *racers {
        racer.tell("next");
    }
    for racer in racers {
        assert_eq!(racer.next_line().unwrap(), "ready");
    }
}

fn within_deadline_for(rounds: usize, test: impl FnOnce() + Send + 'static) {
    if rounds <= 50 { within_deadline(test) } else { test() }
}

/// The job of that test.
pub(super) fn claim_on_command() {
    let folder = PathBuf::from(argument("folder"));
    let mut lines = io::stdin().lock().lines().map(Result::unwrap);
    while let Some(line) = lines.next() {
        let (round, start) = line.split_once(' ').unwrap();
        let start = UNIX_EPOCH + Duration::from_micros(start.parse().unwrap());
        let options =
            options(&folder.join(format!("{round}.sock"))).on_conflict(OnConflict::ReplaceStale);
        while SystemTime::now() < start {
            thread::yield_now();
        }
        let result = options.create_sync();
        match &result {
            Ok(_) => tell("serves"),
            Err(error) => tell(&format!("{:?}", error.kind())),
        }
        assert_eq!(lines.next().unwrap(), "next");
        drop(result);
        tell("ready");
    }
}

/// Servers are killed one after another, while the next ones try to take over the name: they never
/// succeed before the server is dead, and always afterwards.
#[test]
fn the_name_of_a_killed_server_is_taken_over() {
    within_deadline(|| {
        let folder = Folder::new();
        let start = || Job::new("claim and die").with("path", folder.path()).start();
        let mut server = start();
        assert_eq!(server.next_line().unwrap(), "serves");
        for _ in 0..5 {
            let mut next = start();
            assert_eq!(next.next_line().unwrap(), "AddrInUse");
            assert_eq!(server_of(&folder.path()), server.pid());
            drop(server);
            assert_eq!(folder.entries(), ["a.sock"]);
            next.tell("again");
            assert_eq!(next.next_line().unwrap(), "serves");
            server = next;
        }
        drop(server);
        let listener = folder.options().on_conflict(OnConflict::ReplaceStale).create_sync();
        let listener = listener.unwrap();
        assert_eq!(server_of(&folder.path()), process::id());
        drop(listener);
        assert_eq!(folder.entries(), [""; 0]);
    });
}

/// The job of that test: serves until it is killed.
pub(super) fn claim_and_die() {
    let path = PathBuf::from(argument("path"));
    let mut lines = io::stdin().lock().lines();
    loop {
        match options(&path).on_conflict(OnConflict::ReplaceStale).create_sync() {
            Ok(listener) => {
                tell("serves");
                lines.next();
                drop(listener);
                return;
            }
            Err(error) => tell(&format!("{:?}", error.kind())),
        }
        lines.next().unwrap().unwrap();
    }
}

/// Clients connect while names are taken over: each connection leads to a server.
#[test]
fn clients_are_only_ever_refused_or_served() {
    within_deadline(|| {
        let folder = Folder::new();
        thread::scope(|scope| {
            let starters: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..30 {
                            let options = folder.options().on_conflict(OnConflict::ReplaceStale);
                            if let Err(error) = options.create_sync() {
                                assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{error}");
                            }
                        }
                    })
                })
                .collect();
            while !starters.iter().all(thread::ScopedJoinHandle::is_finished) {
                if let Err(error) = local_socket::Stream::connect(folder.name()) {
                    assert!(crate::harness::NOBODY.contains(&error.kind()), "{error}");
                }
            }
        });
        assert_eq!(folder.entries(), [""; 0]);
    });
}
