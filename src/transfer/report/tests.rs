use super::*;

const PARTIES: [Parties; 4] = [
    Parties { first: Party::Stdio, second: Party::Peer },
    Parties { first: Party::Client, second: Party::Target },
    Parties { first: Party::Client, second: Party::Command },
    Parties { first: Party::ReportedStdio, second: Party::Target },
];

fn direction(end: DirectionEnd, undelivered: Option<u64>) -> DirectionReport {
    DirectionReport {
        delivered: 10,
        undelivered,
        end,
        delivery: Delivery::Read,
        may_be_unread: false,
    }
}

/// Returns the text of the failure if the direction to the first or the second end has ended
/// like this, and the other one by its end of file.
fn failure(parties: Parties, to_second: bool, ending: DirectionReport) -> Option<String> {
    let other = direction(DirectionEnd::Eof, Some(0));
    let (forth, back) = if to_second { (ending, other) } else { (other, ending) };
    let report = TransferReport {
        number: None,
        parties,
        forth,
        back,
        early_end: None,
        time: Duration::ZERO,
    };
    report.failure().map(|failure| failure.to_string())
}

#[test]
fn a_receiver_that_has_closed_is_a_loss_unless_it_may_stop_reading() {
    for (parties, to_second) in
        PARTIES.into_iter().flat_map(|parties| [(parties, true), (parties, false)])
    {
        let receiver = if to_second { parties.second } else { parties.first };
        for kind in [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset] {
            let end = DirectionEnd::OutputFailed(kind.into());
            let text = failure(parties, to_second, direction(end, Some(7)));
            let expected = format!(
                "7 bytes could not be delivered to {}: the peer has closed the connection (10 \
                 bytes {})",
                receiver.receiver(),
                receiver.receiver().verb(),
            );
            assert_eq!(text, (!receiver.may_stop_reading()).then_some(expected), "{parties:?}");
        }
    }
}

#[test]
fn held_bytes_of_a_stopped_direction_are_lost_unless_a_thread_reports_them() {
    for (parties, to_second) in
        PARTIES.into_iter().flat_map(|parties| [(parties, true), (parties, false)])
    {
        let receiver = if to_second { parties.second } else { parties.first };
        let text = failure(parties, to_second, direction(DirectionEnd::Stopped, Some(1)));
        assert_eq!(text.is_some(), receiver != Party::ReportedStdio, "{parties:?}");
        let text = failure(parties, to_second, direction(DirectionEnd::Stopped, Some(0)));
        assert_eq!(text, None, "{parties:?}");
    }
}

#[test]
fn bytes_in_flight_are_lost_whatever_has_ended_the_direction() {
    for end in [
        DirectionEnd::Eof,
        DirectionEnd::Stopped,
        DirectionEnd::ReceiverGone,
        DirectionEnd::InputFailed(ErrorKind::NotConnected.into()),
        DirectionEnd::OutputFailed(ErrorKind::StorageFull.into()),
    ] {
        let what = format!("{end:?}");
        let report = direction(end, Some(3)).without(4);
        assert_eq!((report.delivered, report.undelivered), (6, Some(7)), "{what}");
        let text = failure(PARTIES[1], true, report).unwrap_or_default();
        assert!(text.starts_with("7 bytes could not be delivered"), "{what}: {text}");
    }
    let report = direction(DirectionEnd::Eof, Some(0)).without(0);
    assert!(matches!(report.end, DirectionEnd::Eof));
    assert_eq!(failure(PARTIES[1], true, report), None);
    let report = direction(DirectionEnd::Stopped, None).without(99);
    assert_eq!((report.delivered, report.undelivered), (0, None));
}

#[test]
fn a_loss_names_the_limit_that_has_ended_the_connection() {
    for (early_end, reason) in [
        (EarlyEnd::Idle(Duration::ZERO), "ended by --idle-timeout"),
        (EarlyEnd::MaxTime(Duration::ZERO), "ended by --max-time"),
        (EarlyEnd::Linger, "ended by --linger"),
        (EarlyEnd::Closing, "closed at the end of the grace time"),
    ] {
        let report = TransferReport {
            number: Some(1),
            parties: PARTIES[1],
            forth: direction(DirectionEnd::Stopped, Some(5)),
            back: direction(DirectionEnd::Eof, Some(0)),
            early_end: Some(early_end),
            time: Duration::ZERO,
        };
        let text = report.failure().map(|failure| failure.to_string());
        let expected = format!(
            "5 bytes could not be delivered to the target: the connection was {reason} (10 \
             bytes delivered)"
        );
        assert_eq!(text, Some(expected));
    }
}

#[test]
fn only_what_a_closed_receiver_has_not_read_is_excused() {
    let failed = |kind: ErrorKind| DirectionEnd::OutputFailed(kind.into());
    for (end, undelivered, delivery, is_excused) in [
        (failed(ErrorKind::BrokenPipe), Some(7), Delivery::Read, true),
        (failed(ErrorKind::ConnectionReset), None, Delivery::Read, true),
        (failed(ErrorKind::StorageFull), Some(7), Delivery::Read, false),
        (DirectionEnd::ReceiverGone, None, Delivery::Read, true),
        (DirectionEnd::Eof, Some(0), Delivery::Closed, true),
        (DirectionEnd::Eof, Some(0), Delivery::Unread, true),
        (DirectionEnd::Stopped, Some(7), Delivery::Closed, true),
        (DirectionEnd::Stopped, Some(7), Delivery::Read, false),
        (DirectionEnd::InputFailed(ErrorKind::Other.into()), Some(0), Delivery::Closed, false),
    ] {
        let what = format!("{end:?} {delivery:?}");
        let forth =
            DirectionReport { delivered: 10, undelivered, end, delivery, may_be_unread: true };
        assert_eq!(failure(PARTIES[1], true, forth).is_none(), is_excused, "{what}");
    }
}

#[test]
fn a_reset_is_a_loss_of_the_other_direction() {
    for (parties, to_second) in
        PARTIES.into_iter().flat_map(|parties| [(parties, true), (parties, false)])
    {
        let reset = DirectionEnd::InputFailed(ErrorKind::ConnectionReset.into());
        assert_eq!(failure(parties, to_second, direction(reset, Some(0))), None);
        let other = DirectionEnd::InputFailed(ErrorKind::NotConnected.into());
        assert!(failure(parties, to_second, direction(other, Some(0))).is_some());
    }
}

#[test]
fn lost_bytes_take_precedence_over_an_input_that_cannot_be_read() {
    let lost = || direction(DirectionEnd::OutputFailed(ErrorKind::StorageFull.into()), Some(5));
    let failed = || direction(DirectionEnd::InputFailed(ErrorKind::NotConnected.into()), Some(0));
    for (forth, back) in [(lost(), failed()), (failed(), lost())] {
        let report = TransferReport {
            number: Some(1),
            parties: Parties { first: Party::Client, second: Party::Target },
            forth,
            back,
            early_end: Some(EarlyEnd::Linger),
            time: Duration::ZERO,
        };
        assert!(matches!(report.failure(), Some(Failure::Undelivered { bytes: Some(5), .. })));
    }
}
