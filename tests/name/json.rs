//! The JSON objects, whose keys scripts rely on.

use crate::harness::Scene;
use serde_json::{Value, json};
use std::{os::unix::fs::symlink, process};

fn object(line: &[u8]) -> Value {
    serde_json::from_slice(line).unwrap()
}

/// Replaces what differs between machines by the type of the value.
fn masked(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                *field = match key.as_str() {
                    // The mode depends on the umask.
                    "since" | "mode" => Value::from(field.as_str().unwrap().len()),
                    "uid" | "gid" | "inode" => Value::from(field.is_u64()),
                    "user" => Value::from(field.is_string()),
                    "group" if field.is_string() => Value::from(true),
                    "pid" => Value::from(field.as_u64() == Some(process::id().into())),
                    "command" => Value::from(field.as_str().unwrap().len() <= 15),
                    "sees_all_processes" => Value::from(field.is_boolean()),
                    _ => masked(field.take()),
                };
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = masked(value.take())),
        _ => {}
    }
    value
}

#[test]
fn the_object_of_a_file_is_frozen() {
    let scene = Scene::new();
    let (host, _) = scene.host("./s");
    host.backlog(5);
    symlink("s", scene.path("l")).unwrap();
    let _client = scene.wire("./s");
    let outcome = scene.lsock(["name", "--json", "./l"]).run().silent();
    assert_eq!(outcome.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    let user = json!({ "user": true, "uid": true });
    let process = json!({ "pid": true, "command": true, "user": true, "uid": true, "since": 20 });
    let expected = json!({
        "schema": 1,
        "name": "./l",
        "meanings": [
            {
                "system": "linux", "kind": "file", "name": "./l", "hex": "2e2f6c", "length": 3,
                "limit": 108, "unit": "bytes", "refused": null
            },
            {
                "system": "unix", "kind": "file", "name": "./l", "hex": "2e2f6c", "length": 3,
                "limit": 104, "unit": "bytes", "refused": null
            },
            {
                "system": "windows", "kind": null, "name": null, "hex": null, "length": null,
                "limit": null, "unit": null,
                "refused": "only \\\\.\\pipe\\NAME is a path of a local socket there"
            },
        ],
        "path": {
            "path": "./l",
            "links": [{ "path": "./l", "target": "./s" }],
            "file": {
                "kind": "socket", "owner": user, "group": { "group": true, "gid": true }, "mode": 4,
                "may_connect": true, "needs_group": null
            },
            "problem": null,
            "tap_left_behind": null,
            "tap_stale_file": null,
            "replaceable": null
        },
        "listening": "yes",
        "type": "stream",
        "server": { "inode": true, "creator": user, "processes": [process] },
        "backlog": { "used": 1, "limit": 5 },
        "clients": 1,
        "listed_clients": [{ "connections": 1, "processes": [process] }],
        "unlisted_clients": 0,
        "sees_all_processes": true,
        "elsewhere": null,
        "probe": null
    });
    let found = masked(object(&outcome.stdout));
    assert_eq!(found, expected, "{found:#}");
}

#[test]
fn what_is_not_known_is_null() {
    let scene = Scene::new();
    let outcome = scene.lsock(["name", "--json", "--probe", "./s", scene.word()]).run().code(3);
    let lines: Vec<_> = outcome.stdout.split(|byte| *byte == b'\n').collect();
    let [file, word, b""] = lines[..] else { panic!("{}", outcome.report()) };
    let probe = |reason| json!({ "accepted": false, "timed_out": false, "reason": reason });
    let file = object(file);
    assert_eq!(file["probe"], probe("no such file or directory"));
    assert_eq!(file["path"]["problem"], "./s does not exist");
    let word = object(word);
    assert_eq!(word["probe"], probe("connection refused"));
    for (key, value) in [
        ("path", json!(null)),
        ("listening", json!("no")),
        ("type", json!(null)),
        ("server", json!(null)),
        ("backlog", json!(null)),
        ("clients", json!(null)),
        ("listed_clients", json!(null)),
    ] {
        assert_eq!(word[key], value, "{key}");
    }
}

#[test]
fn names_of_any_bytes_come_back() {
    let scene = Scene::new();
    let name = format!("ns-hex:00ff{}", hex(scene.word().as_bytes()));
    let file = "fs-hex:2e2fff0a";
    for name in [&name, file] {
        let outcome = scene.lsock(["name", "--json", name]).run().code(3);
        let found = object(&outcome.stdout);
        assert_eq!(found["name"], *name);
        let (_, digits) = name.split_once(':').unwrap();
        assert_eq!(found["meanings"][0]["hex"], digits);
        let again = scene.lsock(["name", "--json", found["name"].as_str().unwrap()]).run();
        again.code(3).output(&outcome.stdout);
    }
    let path = scene.lsock(["name", "--json", file]).run().stdout;
    assert_eq!(object(&path)["path"]["path"], file);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
