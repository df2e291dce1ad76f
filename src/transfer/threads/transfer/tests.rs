use super::*;
use crate::{
    diag::Failure,
    transfer::{CopyMode, Eof},
};

fn shared() -> (Arc<TransferShared>, Stream) {
    let (stream, peer) = Stream::pair().unwrap();
    let options = TransferOptions {
        sends: true,
        receives: true,
        eof: Eof::Half,
        empty_messages: EmptyMessages::Eof,
        linger: None,
        idle: None,
        max_time: None,
        ignores_unread: false,
        hangs_up: false,
        copy: CopyMode::Auto,
        buffer: None,
    };
    let endings = Endings { sends: true, receives: true, ..Endings::default() };
    let shared = TransferShared {
        stream: Arc::new(stream),
        meter: Arc::new(Meter::new(options.is_timed())),
        options,
        number: None,
        peer: Party::Peer,
        forth: ObservedDirection::none(),
        back: ObservedDirection::none(),
        endings: Mutex::new(endings),
        changed: Condvar::new(),
        peer_had_closed: OnceLock::new(),
        leaving: None,
        relay: None,
    };
    (Arc::new(shared), peer)
}

/// Waits like the main thread while both directions run on their own threads.
fn failure(
    shared: &Arc<TransferShared>,
    send: fn(&TransferShared),
    receive: fn(&TransferShared),
) -> Option<Failure> {
    let (sending, receiving) = (Arc::clone(shared), Arc::clone(shared));
    start("send", move || sending.run_send(|| send(&sending)));
    start("receive", move || receiving.run_receive(|| receive(&receiving)));
    let limit = shared.wait();
    shared.finish(limit).failure()
}

#[test]
fn a_panic_in_a_thread_is_the_failure_of_its_direction() {
    let (shared, peer) = shared();
    drop(peer);
    let sent =
        failure(&shared, |_| panic!("one"), |it| it.received(DirectionEnd::Eof.into())).unwrap();
    let text = "cannot read the input: internal error: one; please report it";
    assert_eq!(sent.to_string(), text);
}

#[test]
fn a_panic_while_receiving_may_lose_bytes() {
    let (shared, _peer) = shared();
    let received =
        failure(&shared, |it| it.sent(DirectionEnd::Eof.into()), |_| panic!("two")).unwrap();
    assert!(received.to_string().contains("internal error: two; please report it"));
    assert!(matches!(received, Failure::Undelivered { .. }));
}

/// Ends both directions at the end of file of the peer (`--eof close`), while bytes are held.
fn report_of_held_bytes(close: impl FnOnce(Stream)) -> TransferReport {
    let (shared, peer) = shared();
    shared.meter.sent.read(7);
    close(peer);
    shared.stop(Shutdown::Both);
    shared.received(DirectionEnd::Eof.into());
    shared.sent(DirectionEnd::Stopped.into());
    shared.finish(shared.wait())
}

#[test]
fn a_peer_that_had_closed_is_the_reason_of_bytes_that_are_left() {
    let report = || report_of_held_bytes(drop);
    let failure = report().failure().unwrap();
    assert!(failure.to_string().contains("the peer has closed the connection"), "{failure}");
    let mut report = report();
    report.forth = report.forth.excused(true);
    assert!(report.failure().is_none());
}

#[test]
fn a_peer_that_has_only_half_closed_is_not_the_reason_of_bytes_that_are_left() {
    let mut peer = None;
    let mut report = report_of_held_bytes(|stream| {
        stream.shutdown(Shutdown::Write).unwrap();
        peer = Some(stream);
    });
    report.forth = report.forth.excused(true);
    let failure = report.failure().unwrap();
    assert!(failure.to_string().contains("the connection was ended"), "{failure}");
}
