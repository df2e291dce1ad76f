//! Passing of descriptors.

use crate::harness::{
    AT_ONCE, Kind, Place, TOO_LATE, assert_kind, assert_same, pattern, within_deadline,
};
use local_socket::{
    Stream,
    os::unix::{MAX_PASSED_FDS, Stream as UdStream},
    traits::Stream as _,
};
use rustix::{
    fs::fstat,
    io::{FdFlags, fcntl_getfd},
};
use std::{
    fs::File,
    io::{ErrorKind, IoSlice, IoSliceMut, PipeReader, Read as _, Write as _, pipe},
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd},
    thread,
    time::{Duration, Instant},
};

/// Returns a file that contains the word.
pub(crate) fn file_with(word: &str) -> File {
    use std::io::{Seek as _, SeekFrom};
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(word.as_bytes()).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

pub(crate) fn text_of(fd: OwnedFd) -> String {
    let mut text = String::new();
    File::from(fd).read_to_string(&mut text).unwrap();
    text
}

/// Returns the descriptors that the peer has sent, and their bytes.
pub(super) fn receive(stream: &UdStream) -> (Vec<u8>, Vec<OwnedFd>) {
    let (mut buf, mut fds) = ([0; 64], Vec::new());
    let count = stream.recv_with_fds(&mut buf, &mut fds, MAX_PASSED_FDS).unwrap();
    (buf[..count].to_vec(), fds)
}

/// Checks that no descriptor of the other end of the pipe is open.
#[track_caller]
pub(crate) fn assert_closed_everywhere(mut reader: PipeReader) {
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_file_is_passed() {
    within_deadline(|| {
        let (client, server) = Place::new(Kind::File).streams();
        let (Stream::UdSocket(client), Stream::UdSocket(server)) = (client, server);
        let file = file_with("contents");
        assert_eq!(client.send_with_fds(b"take it", &[file.as_fd()]).unwrap(), 7);
        let (bytes, mut fds) = receive(&server);
        assert_eq!(bytes, b"take it");
        let fd = fds.pop().unwrap();
        assert!(fds.is_empty());
        assert_ne!(fd.as_raw_fd(), file.as_raw_fd());
        assert!(fcntl_getfd(&fd).unwrap().contains(FdFlags::CLOEXEC));
        assert_eq!(text_of(fd), "contents");
        // The sender's descriptor is still open.
        assert_eq!(file.metadata().unwrap().len(), 8);
    });
}

#[test]
fn received_descriptors_are_appended_to_the_vector() {
    within_deadline(|| {
        let (one, other) = UdStream::pair().unwrap();
        let mut fds = vec![OwnedFd::from(file_with("first"))];
        one.send_with_fds(b"x", &[file_with("second").as_fd()]).unwrap();
        assert_eq!(other.recv_with_fds(&mut [0], &mut fds, 1).unwrap(), 1);
        let texts: Vec<_> = fds.into_iter().map(text_of).collect();
        assert_eq!(texts, ["first", "second"]);
    });
}

#[test]
fn the_maximum_number_of_descriptors_keeps_its_order() {
    within_deadline(|| {
        let (one, other) = UdStream::pair().unwrap();
        let files = [file_with("a"), file_with("b"), file_with("c")];
        let sent: Vec<_> = files.iter().map(AsFd::as_fd).cycle().take(MAX_PASSED_FDS).collect();
        one.send_with_fds(b"x", &sent).unwrap();
        let (_, received) = receive(&other);
        let inodes = |fds: &[BorrowedFd<'_>]| -> Vec<_> {
            fds.iter().map(|fd| fstat(fd).unwrap().st_ino).collect()
        };
        let received: Vec<_> = received.iter().map(AsFd::as_fd).collect();
        assert_eq!(inodes(&received), inodes(&sent));

        let more: Vec<_> = sent.iter().copied().chain([files[0].as_fd()]).collect();
        let error = assert_kind(one.send_with_fds(b"x", &more), &[ErrorKind::InvalidInput]);
        assert!(error.to_string().contains("253"), "{error}");
    });
}

#[test]
fn descriptors_need_at_least_one_byte() {
    within_deadline(|| {
        let (one, other) = UdStream::pair().unwrap();
        let file = file_with("contents");
        let fds = [file.as_fd()];
        assert_kind(one.send_with_fds(b"", &fds), &[ErrorKind::InvalidInput]);
        let empty = [IoSlice::new(b""), IoSlice::new(b"")];
        assert_kind(one.send_vectored_with_fds(&empty, &fds), &[ErrorKind::InvalidInput]);
        // Without descriptors it is like an empty write.
        assert_eq!(one.send_with_fds(b"", &[]).unwrap(), 0);

        one.send_with_fds(b"x", &fds).unwrap();
        let mut received = Vec::new();
        let error = other.recv_with_fds(&mut [], &mut received, 1);
        assert_kind(error, &[ErrorKind::InvalidInput]);
        // Nothing was lost by these errors.
        let (bytes, mut received) = receive(&other);
        assert_eq!(bytes, b"x");
        assert_eq!(text_of(received.pop().unwrap()), "contents");
    });
}

#[test]
fn a_limit_above_the_maximum_is_allowed() {
    within_deadline(|| {
        let (one, other) = UdStream::pair().unwrap();
        one.send_with_fds(b"x", &[file_with("contents").as_fd()]).unwrap();
        let mut fds = Vec::new();
        assert_eq!(other.recv_with_fds(&mut [0], &mut fds, usize::MAX).unwrap(), 1);
        assert_eq!(fds.len(), 1);
    });
}

#[test]
fn descriptors_of_two_calls_are_not_mixed() {
    within_deadline(|| {
        let (one, other) = UdStream::pair().unwrap();
        for word in ["first", "second"] {
            one.send_with_fds(word.as_bytes(), &[file_with(word).as_fd()]).unwrap();
        }
        for word in ["first", "second"] {
            let (bytes, mut fds) = receive(&other);
            assert_eq!(bytes, word.as_bytes());
            assert_eq!(text_of(fds.pop().unwrap()), word);
            assert!(fds.is_empty());
        }
    });
}

#[test]
fn without_descriptors_the_calls_read_and_write() {
    within_deadline(|| {
        let (one, mut other) = UdStream::pair().unwrap();
        assert_eq!(one.send_with_fds(b"plain", &[]).unwrap(), 5);
        let mut buf = [0; 5];
        other.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"plain");
        other.write_all(b"answer").unwrap();
        drop(other);
        let mut fds = Vec::new();
        let mut buf = [0; 8];
        assert_eq!(one.recv_with_fds(&mut buf, &mut fds, 0).unwrap(), 6);
        assert_eq!(&buf[..6], b"answer");
        assert_eq!(one.recv_with_fds(&mut buf, &mut fds, 1).unwrap(), 0);
        assert!(fds.is_empty());
    });
}

#[test]
fn descriptors_are_passed_with_several_buffers() {
    within_deadline(|| {
        let (one, other) = UdStream::pair().unwrap();
        let bufs = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")];
        let file = file_with("contents");
        assert_eq!(one.send_vectored_with_fds(&bufs, &[file.as_fd()]).unwrap(), 5);
        let (mut head, mut body, mut fds) = ([0; 1], [0; 9], Vec::new());
        let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
        assert_eq!(other.recv_vectored_with_fds(&mut bufs, &mut fds, 1).unwrap(), 5);
        assert_eq!((&head, &body[..4]), (b"a", &b"bcde"[..]));
        assert_eq!(text_of(fds.pop().unwrap()), "contents");
    });
}

#[test]
fn halves_pass_descriptors() {
    within_deadline(|| {
        let (one, other) = UdStream::pair().unwrap();
        let ((_, send), (receive, _)) = (one.split(), other.split());
        let file = file_with("contents");
        let mut fds = Vec::new();
        let mut buf = [0; 1];
        assert_eq!(send.send_with_fds(b"x", &[file.as_fd()]).unwrap(), 1);
        assert_eq!(receive.recv_with_fds(&mut buf, &mut fds, 1).unwrap(), 1);
        send.send_vectored_with_fds(&[IoSlice::new(b"y")], &[file.as_fd()]).unwrap();
        let mut bufs = [IoSliceMut::new(&mut buf)];
        assert_eq!(receive.recv_vectored_with_fds(&mut bufs, &mut fds, 1).unwrap(), 1);
        assert_eq!(fds.len(), 2);
        assert_eq!(&buf, b"y");
    });
}

#[test]
fn passing_would_block_or_times_out() {
    within_deadline(|| {
        for nonblocking in [true, false] {
            let (one, other) = UdStream::pair().unwrap();
            if nonblocking {
                one.set_nonblocking(true).unwrap();
            } else {
                let timeout = Some(Duration::from_millis(30));
                one.set_recv_timeout(timeout).unwrap();
                one.set_send_timeout(timeout).unwrap();
            }
            let start = Instant::now();
            let mut fds = Vec::new();
            assert_kind(one.recv_with_fds(&mut [0], &mut fds, 1), TOO_LATE);
            while (&one).write(&[0; 4096]).is_ok() {}
            let (reader, writer) = pipe().unwrap();
            assert_kind(one.send_with_fds(&[0; 4096], &[writer.as_fd()]), TOO_LATE);
            assert!(start.elapsed() < AT_ONCE);
            // A failed send has not sent the descriptors.
            drop(writer);
            assert_closed_everywhere(reader);
            drop(other);
        }
    });
}

/// The rest after a partial write is written without the descriptors.
#[test]
fn a_partial_write_sends_all_descriptors() {
    const LEN: usize = 1 << 20;
    within_deadline(|| {
        let (mut one, other) = UdStream::pair().unwrap();
        one.set_nonblocking(true).unwrap();
        let data = pattern(LEN);
        let file = file_with("contents");
        let sent = one.send_with_fds(&data, &[file.as_fd(), file.as_fd()]).unwrap();
        assert!(sent < LEN, "the system has accepted all bytes");
        one.set_nonblocking(false).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                one.write_all(&data[sent..]).unwrap();
                one.shutdown(std::net::Shutdown::Write).unwrap();
            });
            let (mut received, mut fds) = receive(&other);
            assert_eq!(fds.len(), 2);
            loop {
                let mut buf = [0; 65536];
                let count = other.recv_with_fds(&mut buf, &mut fds, 0).unwrap();
                if count == 0 {
                    break;
                }
                received.extend_from_slice(&buf[..count]);
            }
            assert_same(&received, &data);
            assert_eq!(fds.len(), 2);
        });
    });
}
