//! What every build must do, on every system: the bytes of both directions, half-close, and the
//! end by Ctrl+C. `LSOCK_TEST_BINARY` names another binary to test than that of the profile of the
//! tests, such as that of a release.

use crate::harness::{Scene, data};

#[test]
fn large_data_arrives_unchanged_in_both_directions() {
    let scene = Scene::new();
    let (there, here) = (data(20_000_003), data(30_000_001));
    let server = scene.listen(scene.word()).input(there.clone()).start_listening();
    let client = scene.connect(scene.word()).input(here.clone()).run();
    client.silent().output(there);
    server.end().ok().output(here);
}

#[test]
fn large_data_arrives_unchanged_through_a_relay() {
    let scene = Scene::new();
    let (there, here) = (data(5_000_003), data(7_000_001));
    let target = scene.other_word();
    let server = scene.listen(&target).input(there.clone()).start_listening();
    let relay = scene.relay(scene.word(), &target).arg("--once").start_listening();
    scene.connect(scene.word()).input(here.clone()).run().silent().output(there);
    relay.end().ok();
    server.end().ok().output(here);
}

#[test]
fn an_answer_after_the_end_of_the_request_arrives() {
    let scene = Scene::new();
    let (word, target) = (scene.word(), scene.other_word());
    let request = data(1_000_003);
    let answered = request.clone();
    let server = scene.host(&target).0.serve_each(2, move |mut wire| {
        // It ends when the client has closed its direction.
        assert!(wire.rest() == answered);
        wire.send("the answer");
    });
    let relay = scene.relay(word, &target).arg("--once").start_listening();
    for name in [word, &target] {
        scene.connect(name).input(request.clone()).run().silent().output("the answer");
    }
    relay.end().ok();
    server.join().unwrap();
}

#[test]
fn an_interrupt_ends_a_listener() {
    let scene = Scene::new();
    let target = scene.other_word();
    for args in [
        &["listen", scene.word()][..],
        &["listen", "-k", scene.word()],
        &["relay", scene.word(), &target],
    ] {
        let server = scene.lsock(args).arg("-v").open_input();
        let server = server.interruptible().start_listening();
        server.interrupt();
        // Nobody listens any more.
        scene.connect(scene.word()).run().fails(3);
    }
}

#[test]
fn an_interrupt_lets_an_open_transfer_end() {
    let scene = Scene::new();
    let server = scene.lsock(["listen", "-v", "--grace", "40s", scene.word()]).open_input();
    let mut server = server.interruptible().start_listening();
    let mut client = scene.connect(scene.word()).open_input().start();
    client.send("before");
    server.wait_for_output("before");
    server.send_interrupt();
    server.wait_for_message("got signal");
    client.send(", after");
    client.close_input();
    server.send("the answer");
    server.close_input();
    client.end().silent().output("the answer");
    server.end_by_interrupt().output("before, after");
}
