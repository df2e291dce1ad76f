//! Captures of other programs.

use super::{replay, serve, short};
use crate::harness::Scene;
use std::fs;

/// A capture file in the format of tcpdump(1), with IP packets.
struct Capture(Vec<u8>);

const SYN: u8 = 2;
const FIN: u8 = 1;
const ACK: u8 = 16;

impl Capture {
    fn new() -> Self {
        const RAW_IP: u32 = 101;
        let mut bytes = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        for number in [0x0004_0002, 0, 0, 65535, RAW_IP] {
            bytes.extend(u32::to_le_bytes(number));
        }
        Self(bytes)
    }

    /// Adds a TCP segment after so many seconds.
    fn segment(
        &mut self,
        second: u32,
        from_client: bool,
        numbers: [u32; 2],
        flags: u8,
        data: &[u8],
    ) {
        let (from, to): (u16, u16) = if from_client { (5000, 80) } else { (80, 5000) };
        let length = 40 + data.len();
        for number in [second, 0, length as u32, length as u32] {
            self.0.extend(number.to_le_bytes());
        }
        self.0.extend([0x45, 0, (length >> 8) as u8, length as u8, 0, 0, 0, 0, 64, 6, 0, 0]);
        self.0.extend([127, 0, 0, 1, 127, 0, 0, 1]);
        self.0.extend([from.to_be_bytes(), to.to_be_bytes()].concat());
        self.0.extend(numbers.map(u32::to_be_bytes).concat());
        self.0.extend([0x50, flags, 1, 0, 0, 0, 0, 0]);
        self.0.extend(data);
    }
}

/// The conversation of [`short`] with a day between question and question.
fn capture(has_answer: bool) -> Vec<u8> {
    const DAY: u32 = 24 * 60 * 60;
    let mut capture = Capture::new();
    capture.segment(0, true, [99, 0], SYN, b"");
    capture.segment(0, false, [499, 100], SYN | ACK, b"");
    capture.segment(0, true, [100, 500], ACK, b"PING\n");
    // The same again, and the answer in two pieces, the second of which comes first.
    capture.segment(1, true, [100, 500], ACK, b"PING\n");
    if has_answer {
        capture.segment(1, false, [503, 105], ACK, b"NG\n");
        capture.segment(1, false, [500, 105], ACK, b"+PO");
    }
    capture.segment(DAY, true, [105, 506], ACK, b"GET a\n");
    capture.segment(DAY, false, [506, 111], ACK, b"$5 hello\n");
    capture.segment(DAY, true, [111, 515], FIN | ACK, b"");
    capture.segment(DAY, false, [515, 112], FIN | ACK, b"");
    capture.0
}

#[test]
fn a_capture_of_tcp_is_replayed_over_a_local_socket() {
    let scene = Scene::new();
    fs::write(scene.path("r"), capture(true)).unwrap();
    let (serving, name) = serve(&scene, 2, short());
    replay(&scene, &name).arg("--fast").run().silent();
    replay(&scene, &name).args(["--speed", "1000000"]).run().silent();
    serving.join().unwrap();
}

#[test]
fn a_capture_with_lost_packets_is_refused_before_anything_is_sent() {
    let scene = Scene::new();
    fs::write(scene.path("r"), capture(false)).unwrap();
    let text = "lsock: cannot replay connection 1 of r: 6 bytes of what the server sent are missing \
                at offset 0: packets were lost when they were captured\n";
    replay(&scene, scene.word()).run().fails(2).says(text);
}

#[test]
fn a_capture_can_be_explained() {
    let scene = Scene::new();
    fs::write(scene.path("r"), capture(true)).unwrap();
    let outcome = replay(&scene, scene.word()).args(["--speed", "10", "--explain"]).run().silent();
    outcome
        .prints("play         the client of connection 1 of r\n")
        .prints("recorded     127.0.0.1:5000 to 127.0.0.1:80\n")
        .prints("             11 bytes to the server, 15 bytes to the client, in 1day\n")
        .prints("pace         as recorded, 10 times as fast\n")
        .prints("answers      at most 10s later than recorded\n");
}

/// What tshark has captured and written again is the same to lsock.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_tshark_has_written_is_replayed() {
    if !crate::harness::has("tshark") {
        return;
    }
    let scene = Scene::new();
    super::record(&scene, &[vec![super::exchange("one", "two")], short()]);
    let args = ["-r", "r", "-Y", "tcp.stream == 1", "-w", "second", "-F", "pcapng"];
    scene.command("tshark").args(args).env("HOME", scene.folder()).run().code(0);
    let (_serving, name) = serve(&scene, 1, short());
    scene.lsock(["replay", "second", &name]).run().silent();
}
