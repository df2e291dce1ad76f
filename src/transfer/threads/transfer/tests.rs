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
        copy: CopyMode::Auto,
        buffer: None,
    };
    let endings = Endings { sends: true, receives: true, ..Endings::default() };
    let shared = TransferShared {
        stream: Arc::new(stream),
        meter: Arc::new(Meter::new(options.is_timed())),
        options,
        number: None,
        forth: ObservedDirection::none(),
        back: ObservedDirection::none(),
        endings: Mutex::new(endings),
        changed: Condvar::new(),
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
