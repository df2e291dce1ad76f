//! Bytes arrive as they were sent, in each number and copy mode.

#[cfg(target_os = "linux")]
mod urgent_data;

use crate::harness::{Scene, data};
use std::fs::File;

/// Around the limits of pages and pipes.
const SIZES: [usize; 8] = [0, 1, 4095, 4096, 65535, 65536, 65537, 5 << 20];

/// Both sides send at the same time.
fn exchange(scene: &Scene, name: &str, args: &[&str], sizes: (usize, usize)) {
    let (there, here) = (data(sizes.0), data(sizes.1));
    let server = scene.listen(name).args(args).input(there.clone()).start_listening();
    scene.connect(name).args(args).input(here.clone()).run().silent().output(&there);
    server.end().ok().output(&here);
}

#[test]
fn bytes_of_each_size_pass_in_both_directions() {
    let scene = Scene::new();
    for size in SIZES {
        exchange(&scene, scene.word(), &[], (size, size));
    }
}

#[test]
fn many_bytes_pass_in_one_direction_only() {
    let scene = Scene::new();
    exchange(&scene, scene.word(), &[], (5 << 20, 0));
    exchange(&scene, scene.word(), &[], (0, 5 << 20));
}

#[test]
fn bytes_pass_through_buffers_of_odd_sizes() {
    let scene = Scene::new();
    for (buffer, size) in [("1", 4097), ("7", 65537), ("64K", 5 << 20), ("1MiB", 3 << 20)] {
        exchange(&scene, scene.word(), &["--copy", "buffer", "--buffer", buffer], (size, size));
        exchange(&scene, scene.word(), &["--buffer", buffer], (size, 1));
    }
}

#[test]
fn bytes_pass_through_a_buffer_of_the_default_size() {
    let scene = Scene::new();
    for size in SIZES {
        exchange(&scene, scene.word(), &["--copy", "buffer"], (size, size / 2));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_are_spliced() {
    let scene = Scene::new();
    for size in SIZES {
        exchange(&scene, "./s", &["--copy", "splice"], (size, size / 2));
    }
    exchange(&scene, "./s", &["--copy", "splice", "--buffer", "7"], (65537, 4097));
    scene.expect_empty();
}

#[cfg(target_os = "linux")]
#[test]
fn splice_from_a_file_is_status_1_and_nothing_is_copied() {
    let scene = Scene::new();
    std::fs::write(scene.path("in"), data(100)).unwrap();
    let server = scene.listen(scene.word()).start_listening();
    let file = File::open(scene.path("in")).unwrap();
    scene
        .connect(scene.word())
        .args(["--copy", "splice"])
        .stdin(file)
        .run()
        .fails(1)
        .says("splice");
    server.end().ok().output("");
}

#[cfg(unix)]
#[test]
fn bytes_pass_through_a_socket_file() {
    let scene = Scene::new();
    for size in SIZES {
        exchange(&scene, "./s", &[], (size, size));
        assert!(scene.files().is_empty(), "the file is removed");
    }
}

#[test]
fn bytes_pass_from_file_to_file() {
    let scene = Scene::new();
    let bytes = data(3_000_001);
    std::fs::write(scene.path("in"), &bytes).unwrap();
    for args in [&["--copy", "auto"][..], &["--copy", "buffer"]] {
        let output = File::create(scene.path("out")).unwrap();
        let server = scene.listen(scene.word()).args(args).stdout(output).start_listening();
        let input = File::open(scene.path("in")).unwrap();
        scene.connect(scene.word()).args(args).stdin(input).run().silent().output("");
        server.end().ok();
        assert!(std::fs::read(scene.path("out")).unwrap() == bytes);
    }
}

/// splice(2) fails with `O_APPEND`.
#[test]
fn bytes_are_appended_to_a_file() {
    let scene = Scene::new();
    std::fs::write(scene.path("out"), "before ").unwrap();
    let output = File::options().append(true).open(scene.path("out")).unwrap();
    let server = scene.listen(scene.word()).stdout(output).start_listening();
    scene.connect(scene.word()).input("after").run().silent();
    server.end().ok();
    assert_eq!(std::fs::read_to_string(scene.path("out")).unwrap(), "before after");
}

#[test]
fn a_file_is_sent_from_its_current_offset() {
    use std::io::{Seek, SeekFrom};
    let scene = Scene::new();
    std::fs::write(scene.path("in"), "not this, but this").unwrap();
    let mut input = File::open(scene.path("in")).unwrap();
    input.seek(SeekFrom::Start(10)).unwrap();
    let server = scene.listen(scene.word()).start_listening();
    scene.connect(scene.word()).stdin(input).run().silent();
    server.end().ok().output("but this");
}

#[test]
fn each_message_arrives_before_a_buffer_is_full() {
    let scene = Scene::new();
    let mut server = scene.listen(scene.word()).open_input().start_listening();
    let mut client = scene.connect(scene.word()).open_input().start();
    client.send("a");
    server.wait_for_output("a");
    server.send("b");
    client.wait_for_output("b");
    client.send("c");
    server.wait_for_output("ac");
    client.close_input();
    server.wait_for_end_of_output("ac");
    server.send("d");
    server.close_input();
    client.end().silent().output("bd");
    server.end().ok();
}

#[cfg(unix)]
#[test]
fn a_gibibyte_passes_through_pipes() {
    use crate::harness::Data;
    const SIZE: u64 = 1 << 30;
    let scene = Scene::new();
    let mut server = scene.listen("./s").unread_output().start_listening();
    let mut client = scene.connect("./s").open_input().start();
    let input = client.take_input();
    let writer = std::thread::spawn(move || Data::default().write_to(input, SIZE));
    assert_eq!(Data::default().read_from(server.take_output()), SIZE);
    writer.join().unwrap();
    client.end().silent();
    server.end().ok();
}
