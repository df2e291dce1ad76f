use super::*;
use crate::{
    Access,
    os::windows::{
        ListenerOptionsExt as _, SecurityDescriptor,
        token::{self, Token},
    },
};
use std::io::ErrorKind;

#[test]
fn descriptors_are_text_again() {
    for sddl in
        ["D:P(A;;GA;;;SY)", "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GR;;;WD)", "O:BAG:SYD:(A;;GA;;;WD)"]
    {
        let descriptor = SecurityDescriptor::from_sddl(sddl).unwrap();
        let text = descriptor.clone().to_sddl().unwrap();
        let again = SecurityDescriptor::from_sddl(&text).unwrap();
        assert_eq!(again.to_sddl().unwrap(), text);
        assert!(text.ends_with(&sddl[sddl.find('(').unwrap()..]), "{sddl} became {text}");
    }
}

#[test]
fn peers_have_users() {
    let own = token::user_sid(&Token::own().unwrap()).unwrap();
    assert!(own.starts_with("S-1-"), "{own}");
    let (server, client) = connected();
    assert_eq!(server.peer_user_sid().unwrap(), own);
    assert_eq!(client.peer_user_sid().unwrap(), own);
    assert_eq!(token::user_sid(&Token::of_client(&server.0.pipe).unwrap()).unwrap(), own);
}

#[test]
fn nonsense_is_no_descriptor() {
    for text in ["nonsense", "D:(A;;GA;;;", "D:(A;;GA;;;SY)\0"] {
        let error = SecurityDescriptor::from_sddl(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn the_user_can_connect_with_every_access() {
    for access in [Access::CurrentUser, Access::Group, Access::Everyone] {
        let name = unique();
        let options = ListenerOptions::new().name(name.borrow()).access(access);
        let _listener: Listener = options.create_sync_as().unwrap();
        connect(&name);
    }
}

#[test]
fn a_given_descriptor_is_taken() {
    let name = unique();
    let descriptor = SecurityDescriptor::from_sddl("D:P(A;;GA;;;WD)").unwrap();
    let options = ListenerOptions::new().name(name.borrow()).security_descriptor(descriptor);
    let _listener: Listener = options.create_sync_as().unwrap();
    connect(&name);
}
