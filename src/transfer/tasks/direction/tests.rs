use super::*;
use std::task::Waker;

/// Gives one message, then the end of file.
struct OneMessage(&'static [u8]);

/// Takes nothing, and cannot be shut down yet.
struct Full;

impl TaskSource for OneMessage {
    fn poll_read(
        &mut self,
        _: &mut Context<'_>,
        buffer: &mut [u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        let message = std::mem::take(&mut self.0);
        buffer[..message.len()].copy_from_slice(message);
        Poll::Ready(Ok(message.len()))
    }
}

impl TaskSink for Full {
    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        _: &[u8],
        _: &mut Descriptors,
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(ErrorKind::StorageFull.into()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[test]
fn a_failed_output_is_reported_although_its_end_of_file_is_pending() {
    let plan = CopyPlan {
        splices: false,
        splices_only: false,
        buffer: 100,
        piece: 0,
        eof: Eof::Half,
        rests: true,
        keeps: false,
    };
    let mut direction =
        TaskDirection::new(ObservedDirection::none(), true, Descriptors::new(false));
    let mut cx = Context::from_waker(Waker::noop());
    let poll = direction.poll(&mut cx, &mut OneMessage(b"message"), &mut Full, &plan);
    assert!(poll.is_pending() && !direction.has_ended());
    let report = direction.report((Delivery::Read, 0), &plan);
    assert_eq!((report.delivered, report.undelivered), (0, Some(7)));
    assert!(matches!(report.end, DirectionEnd::OutputFailed(_)));
}
