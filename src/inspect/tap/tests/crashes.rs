//! Taps that are killed, or that fail, before a step.

use super::*;

#[test]
fn what_a_killed_tap_leaves_is_put_right_by_the_next_one() {
    for (step, server_is_found) in USUAL.into_iter().zip([true, true, false, true]) {
        for starts_again in [false, true] {
            let scene = Scene::new();
            match scene.start(killed_before(step)) {
                Ok((tap, listener, _)) => {
                    tap.restore();
                    // The system closes the sockets of the process.
                    drop(listener);
                }
                Err(problem) => assert_eq!(problem.to_string(), "killed"),
            }
            let found = UnixStream::connect(scene.paths().name);
            assert_eq!(found.is_ok(), server_is_found, "{step:?}");
            drop(found.map(|_client| scene.server.accept().unwrap()));
            let restored = if starts_again {
                let (tap, _listener, restored) = scene.start(AllSteps).unwrap();
                drop(tap);
                restored
            } else {
                restore(&scene.paths(), &AllSteps).unwrap()
            };
            assert_eq!(
                restored,
                match step {
                    Step::Listen => None,
                    Step::SwapBack => Some(Restored::ServerBack),
                    _ => Some(Restored::StaleRemoved),
                },
                "{step:?}"
            );
            scene.expect_untouched();
            assert_eq!(restore(&scene.paths(), &AllSteps).unwrap(), None);
        }
    }
}

/// In the middle of `Listen`: the socket is bound, and nothing else.
#[test]
fn a_file_that_a_tap_has_only_bound_is_removed() {
    let scene = Scene::new();
    drop(UnixListener::bind(scene.paths().aside).unwrap());
    assert_eq!(restore(&scene.paths(), &AllSteps).unwrap(), Some(Restored::StaleRemoved));
    scene.expect_untouched();
}

/// Putting it right can be interrupted as well.
#[test]
fn a_restoration_that_was_killed_is_completed_by_the_next_one() {
    for step in [Step::SwapBack, Step::RemoveOwn] {
        let scene = Scene::new();
        drop(scene.start(killed_before(Step::SwapBack)).unwrap());
        assert!(restore(&scene.paths(), &killed_before(step)).is_err());
        assert!(restore(&scene.paths(), &AllSteps).unwrap().is_some());
        scene.expect_untouched();
    }
}

#[test]
fn an_error_at_any_step_changes_nothing_or_is_put_right_later() {
    #[derive(Debug)]
    struct FullDisk(Step, AtomicBool);
    impl StepGate for FullDisk {
        fn before(&self, step: Step) -> io::Result<()> {
            if step == self.0 && !self.1.swap(true, Relaxed) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(())
        }
    }
    for step in USUAL {
        let scene = Scene::new();
        match scene.start(FullDisk(step, AtomicBool::new(false))) {
            Ok((tap, listener, _)) => {
                assert!(matches!(tap.restore(), StandInEnd::Failed(_)), "{step:?}");
                drop((tap, listener));
                restore(&scene.paths(), &AllSteps).unwrap();
            }
            Err(problem) => assert_eq!(problem.to_string(), "no storage space", "{step:?}"),
        }
        scene.expect_untouched();
    }
}

/// The tap is killed after the exchange that must be undone.
#[test]
fn a_file_that_was_exchanged_by_mistake_comes_back_after_a_crash() {
    let scene = Scene::new();
    let name = scene.paths().name;
    let (sender, receiver) = std::sync::mpsc::channel();
    let interfere = move || {
        let server = replace(&name);
        fs::set_permissions(&name, fs::Permissions::from_mode(0o600)).unwrap();
        sender.send(server).unwrap();
    };
    let mut gate = interfering(Step::SwapIn, interfere);
    gate.2 = Some(killed_before(Step::UndoSwapIn));
    assert!(scene.start(gate).is_err());
    assert_eq!(restore(&scene.paths(), &AllSteps).unwrap(), Some(Restored::ServerBack));
    assert_eq!(scene.files(), ["s"]);
    expect_server(&scene.paths().name, &receiver.recv().unwrap());
}
