//! Security identifiers.

use super::super::Sid;
use std::io::ErrorKind;

#[test]
fn sids_convert_to_text_and_back() {
    for text in [
        "S-1-0-0",
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-5-21-4294967295-2-3-1004",
        "S-1-4294967295-1",
        "S-1-0x0001FFFFFFFF-1",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
        "S-1-5",
    ] {
        let sid: Sid = text.parse().unwrap();
        assert_eq!(sid.to_string(), text);
        assert_eq!(format!("{sid:?}"), format!("Sid({text})"));
    }
    let user = Sid::current_user().unwrap();
    assert_eq!(user.to_string().parse::<Sid>().unwrap(), user);
}

#[test]
fn invalid_sids_are_refused() {
    for text in [
        "",
        "S",
        "S-1",
        "S-1-",
        "S-2-5-18",
        "s-1-5-18",
        "BA",
        "S-1-5-",
        "S-1-5--18",
        "S-1-5-+18",
        "S-1-+5-18",
        "S-1-5-4294967296",
        "S-1-4294967296-1",
        "S-1-0x1000000000000-1",
        "S-1-0x-1",
        "S-1-5-18 ",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
    ] {
        let error = text.parse::<Sid>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
    }
}
