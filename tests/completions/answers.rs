//! What the scripts get from lsock.

use crate::harness::Scene;
use std::fs;

/// Returns the candidates for the last word, without descriptions.
fn candidates(scene: &Scene, words: &[&str]) -> Vec<String> {
    let words =
        ["completions", "--words", "fish", "lsock"].into_iter().chain(words.iter().copied());
    let outcome = scene.lsock(words).run().silent();
    let text = String::from_utf8(outcome.stdout).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

#[test]
fn an_empty_word_is_completed_to_all_live_names() {
    let scene = Scene::new();
    let absolute = scene.path("absolute.sock").to_str().unwrap().to_owned();
    let word = format!("@{}", scene.word());
    let names = [word.as_str(), "./relative.sock", &absolute];
    let servers = names.map(|name| scene.listen(name).start_listening());
    fs::create_dir(scene.path("folder")).unwrap();
    fs::write(scene.path("file"), "").unwrap();
    for command in [&["connect"][..], &["relay", "x"], &["name"], &["bench", "--to"]] {
        let found = candidates(&scene, &[command, &[""]].concat());
        for name in names.into_iter().chain(["./absolute.sock", "./folder/"]) {
            assert!(found.iter().any(|text| text == name), "{command:?}, {name}: {found:?}");
        }
        assert!(!found.iter().any(|text| text.ends_with("file")), "{found:?}");
    }
    // Only the file of a socket can be tapped.
    let found = candidates(&scene, &["tap", ""]);
    assert!(found.iter().any(|text| text == "./relative.sock"), "{found:?}");
    assert!(!found.iter().any(|text| text.starts_with('@')), "{found:?}");
    drop(servers);
    let found = candidates(&scene, &["connect", ""]);
    assert!(!found.contains(&word) && !found.contains(&absolute), "{found:?}");
}

#[test]
fn names_that_cannot_be_typed_are_completed_as_digits() {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let scene = Scene::new();
    let mut bytes = scene.word().as_bytes().to_vec();
    bytes.extend(b"\n\t\xff");
    let address = SocketAddr::from_abstract_name(&bytes).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("ns-hex:{hex}");
    assert_eq!(candidates(&scene, &["connect", &name[..name.len() - 2]]), [name.as_str()]);
    assert!(candidates(&scene, &["connect", ""]).contains(&name));
    scene.lsock(["name", &name]).run().ok();
}

#[test]
fn options_that_were_given_are_not_proposed_again() {
    let scene = Scene::new();
    let found = candidates(&scene, &["listen", "x", "--keep-open", "--allow", "any", "-"]);
    let has = |option: &str| found.iter().any(|text| text == option);
    assert!(!has("--keep-open") && has("--allow") && has("--merge") && has("--"), "{found:?}");
    // The value of an option is no option.
    assert_eq!(candidates(&scene, &["listen", "x", "--linger", "--k"]), [""; 0]);
    assert_eq!(candidates(&scene, &["listen", "x", "-k"]), ["-k"]);
    assert_eq!(candidates(&scene, &["--color", "n"]), ["never"]);
    assert_eq!(candidates(&scene, &["help", "lis"]), ["listen"]);
}

#[test]
fn lists_leave_out_what_they_have() {
    let scene = Scene::new();
    let over = candidates(&scene, &["bench", "--over", "fs,tcp,"]);
    assert_eq!(over, ["fs,tcp,abstract", "fs,tcp,pipe", "fs,tcp,socketpair"]);
    assert_eq!(candidates(&scene, &["ls", "--type=stream,d"]), ["--type=stream,dgram"]);
}

#[test]
fn nonsense_is_answered_in_silence() {
    let scene = Scene::new();
    for words in [
        &["nonsense", ""][..],
        &["connect", "x", "y", "z"],
        &["connect", "--nonsense", "x", "y"],
        &["connect", "--nonsense="],
        &["listen", "--mode="],
        &["connect", "/nonsense/"],
        &["connect", "./\u{1}"],
        &["", "", ""],
    ] {
        assert_eq!(candidates(&scene, words), [""; 0], "{words:?}");
    }
}

#[test]
fn the_path_of_a_terminal_is_completed_after_its_prefix() {
    let scene = Scene::new();
    for side in [&["relay", "p"][..], &["relay", "x", "p"]] {
        assert_eq!(candidates(&scene, side), ["pty:"]);
    }
    let words = ["completions", "--words", "fish", "lsock", "relay", "pty:./f"];
    let outcome = scene.lsock(words).run().silent();
    let text = String::from_utf8(outcome.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
}
