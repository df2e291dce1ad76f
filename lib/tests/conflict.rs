//! Names that are in use.

use crate::harness::{Place, assert_kind};
use local_socket::OnConflict;
use std::{io::ErrorKind, sync::Barrier, thread, time::Duration};

on_every_kind! {
    a_live_name_is_refused
    a_name_is_free_after_its_listener_is_closed
    of_many_simultaneous_listeners_one_gets_the_name
}

fn a_live_name_is_refused(place: &Place) {
    let listener = place.listen();
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale] {
        assert_kind(place.options().on_conflict(policy).create_sync(), &[ErrorKind::AddrInUse]);
        place.connected(&listener);
    }
    assert_kind(place.options().try_overwrite(false).create_sync(), &[ErrorKind::AddrInUse]);
    place.connected(&listener);
}

fn a_name_is_free_after_its_listener_is_closed(place: &Place) {
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale, OnConflict::Replace] {
        let listener = place.options().on_conflict(policy).create_sync().unwrap();
        place.connected(&listener);
    }
}

fn of_many_simultaneous_listeners_one_gets_the_name(place: &Place) {
    for policy in [OnConflict::Fail, OnConflict::ReplaceStale] {
        let start = Barrier::new(8);
        let results: Vec<_> = thread::scope(|scope| {
            let threads = (0..8).map(|_| {
                let start = &start;
                let options = place.options().on_conflict(policy);
                scope.spawn(move || {
                    start.wait();
                    options.max_spin_time(Duration::from_secs(30)).create_sync()
                })
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        #[cfg(windows)]
        if crate::harness::is_wine() {
            // Wine does not enforce FILE_FLAG_FIRST_PIPE_INSTANCE, which decides between servers
            // that start at the same time: several may succeed.
            let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
            assert!(!winners.is_empty(), "{policy:?}: {losers:?}");
            for loser in losers {
                assert_kind(loser, &[ErrorKind::AddrInUse]);
            }
            continue;
        }
        let (winners, losers): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(winners.len(), 1, "{policy:?}: {losers:?}");
        losers.into_iter().for_each(|result| drop(assert_kind(result, &[ErrorKind::AddrInUse])));
        let winner = winners.into_iter().next().unwrap().unwrap();
        place.connected(&winner);
    }
}
