//! Other processes that change the folder right before a step.

use super::*;

#[test]
fn a_server_that_replaces_the_file_while_a_tap_starts_keeps_it() {
    let scene = Scene::new();
    let paths = scene.paths();
    let (sender, receiver) = std::sync::mpsc::channel();
    let gate = interfering(Step::SwapIn, move || sender.send(replace(&paths.name)).unwrap());
    let problem = scene.start(gate).map(drop).unwrap_err();
    assert!(matches!(problem, TapProblem::Displaced), "{problem}");
    assert_eq!(scene.files(), ["s"]);
    expect_server(&scene.paths().name, &receiver.recv().unwrap());
}

#[test]
fn a_name_that_is_removed_while_a_tap_starts_stays_removed() {
    for step in [Step::Listen, Step::SwapIn] {
        let scene = Scene::new();
        let name = scene.paths().name;
        let gate = interfering(step, move || fs::remove_file(name).unwrap());
        let problem = scene.start(gate).map(drop).unwrap_err();
        assert_eq!(problem.to_string(), "no such file or directory", "{step:?}");
        assert_eq!(scene.files(), [""; 0], "{step:?}");
    }
}

/// Before each step at the end, and while the tap serves.
#[test]
fn a_server_that_replaces_the_file_of_a_tap_keeps_it() {
    for step in [None, Some(Step::SwapBack), Some(Step::RemoveOwn)] {
        let scene = Scene::new();
        let name = scene.paths().name;
        let (sender, receiver) = std::sync::mpsc::channel();
        let interfere = move || sender.send(replace(&name)).unwrap();
        let (tap, _listener) = match step {
            Some(step) => {
                let (tap, listener, _) = scene.start(interfering(step, interfere)).unwrap();
                (tap, listener)
            }
            None => {
                let (tap, listener, _) = scene.start(AllSteps).unwrap();
                interfere();
                (tap, listener)
            }
        };
        let end = tap.restore();
        expect_server(&scene.paths().name, &receiver.recv().unwrap());
        if step == Some(Step::RemoveOwn) {
            // The server's file was back before.
            assert_eq!((end, scene.files()), (StandInEnd::ServerBack, vec!["s".to_owned()]));
            continue;
        }
        assert_eq!(end, StandInEnd::NotOurs);
        // The earlier server still listens, so its file is not removed.
        assert!(tap.clean_up().unwrap());
        expect_server(&scene.paths().aside, &scene.server);
        let paths = scene.paths();
        drop(scene.server);
        assert!(!tap.clean_up().unwrap());
        assert!(!paths.aside.exists() && paths.name.exists());
    }
}

/// A server that ends and removes its file by name, as most do.
#[test]
fn a_name_that_is_removed_stays_removed() {
    for step in [None, Some(Step::SwapBack), Some(Step::RemoveOwn)] {
        let Scene { folder, server, inode } = Scene::new();
        let scene = Scene { folder, server: server.try_clone().unwrap(), inode };
        let name = scene.paths().name;
        let interfere = move || fs::remove_file(name).unwrap();
        let tap = match step {
            Some(step) => scene.start(interfering(step, interfere)).unwrap().0,
            None => {
                let tap = scene.start(AllSteps).unwrap().0;
                interfere();
                tap
            }
        };
        let end = tap.restore();
        let is_before = step != Some(Step::RemoveOwn);
        assert_eq!(end == StandInEnd::NotOurs, is_before, "{step:?}");
        let Scene { folder, server: other, .. } = scene;
        drop((server, other));
        assert!(!tap.clean_up().unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{step:?}");
    }
}

#[test]
fn the_own_file_is_removed_if_that_of_the_server_is_gone() {
    let scene = Scene::new();
    let (tap, _listener, _) = scene.start(AllSteps).unwrap();
    fs::remove_file(scene.paths().aside).unwrap();
    assert_eq!(tap.restore(), StandInEnd::ServerFileGone);
    assert_eq!(scene.files(), [""; 0]);
}

/// In `/tmp` everybody can create a file aside.
#[test]
fn a_socket_of_a_stranger_never_comes_to_the_name() {
    let scene = Scene::new();
    let paths = scene.paths();
    let _strange = UnixListener::bind(&paths.aside).unwrap();
    fs::set_permissions(&paths.aside, fs::Permissions::from_mode(0o666)).unwrap();
    // The name is in use: by a tap, as far as anybody can tell.
    let problem = restore(&paths, &AllSteps).unwrap_err();
    assert!(matches!(problem, TapProblem::AlreadyTapped(_)), "{problem}");
    // Its server ends.
    let Scene { folder: _folder, server, inode } = scene;
    drop(server);
    let problem = restore(&paths, &AllSteps).unwrap_err();
    assert!(matches!(problem, TapProblem::ForeignAside), "{problem}");
    assert_eq!(fs::symlink_metadata(&paths.name).unwrap().ino(), inode);
}
