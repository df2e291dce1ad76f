//! Accounts, the owner of a pipe, and descriptors for accounts.

use super::{
    super::{Account, AccountKind, ListenerOptionsExt as _, SecurityDescriptor, Sid},
    *,
};
use crate::Access;
use std::io::{self, ErrorKind, Read as _, Write as _};

const SYSTEM: &str = "S-1-5-18";
const ADMINISTRATORS: &str = "S-1-5-32-544";
const EVERYONE: &str = "S-1-1-0";

fn account(sid: &str) -> Account {
    Account::of(sid.parse().unwrap()).unwrap()
}

#[test]
fn accounts_have_names_and_kinds() {
    let user = Account::of(Sid::current_user().unwrap()).unwrap();
    assert_eq!(user.kind(), AccountKind::User);
    assert!(!user.name().is_empty() && !user.domain().is_empty(), "{user:?}");
    assert_eq!(user.to_string(), format!(r"{}\{}", user.domain(), user.name()));
    for (sid, kind) in [
        (SYSTEM, AccountKind::WellKnown),
        (ADMINISTRATORS, AccountKind::Group),
        (EVERYONE, AccountKind::WellKnown),
    ] {
        assert_eq!(account(sid).kind(), kind);
    }
    assert!(account(EVERYONE).domain().is_empty());
    assert_eq!(account(EVERYONE).to_string(), account(EVERYONE).name());
}

#[test]
fn accounts_are_found_by_their_names() {
    for sid in [Sid::current_user().unwrap(), SYSTEM.parse().unwrap(), EVERYONE.parse().unwrap()] {
        let account = Account::of(sid).unwrap();
        for name in [account.name().to_owned(), account.to_string()] {
            assert_eq!(Account::named(&name).unwrap(), account);
            assert_eq!(Account::named(&name.to_lowercase()).unwrap(), account);
        }
    }
}

#[test]
fn unknown_accounts_are_not_found() {
    let named = |name: &str| Account::named(name).unwrap_err().kind();
    assert_eq!(named("no-such-account-anywhere"), ErrorKind::NotFound);
    for name in ["nul\0", "a\0b"] {
        assert_eq!(named(name), ErrorKind::InvalidInput);
    }
    let long = "x".repeat(3000);
    assert!(Account::named(&long).is_err());
    let error = Account::of("S-1-5-21-1-2-3-999999".parse().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

/// Returns both ends of a connection to a listener with these options.
fn connected_to(set: impl FnOnce(ListenerOptions<'_>) -> ListenerOptions<'_>) -> (Stream, Stream) {
    let name = unique();
    let listener: Listener =
        set(ListenerOptions::new().name(name.borrow())).create_sync_as().unwrap();
    let client = connect(&name);
    (listener.accept().unwrap(), client)
}

#[test]
fn the_owner_of_a_pipe_is_the_user_of_its_listener() {
    let user = Sid::current_user().unwrap();
    for access in [Access::CurrentUser, Access::Group, Access::Everyone] {
        let (server, client) = connected_to(|options| options.access(access));
        assert_eq!((server.pipe_owner().unwrap(), client.pipe_owner().unwrap()), (user, user));
    }
    // The system sets the owner if the descriptor has none.
    let descriptor = SecurityDescriptor::from_sddl("D:P(A;;GA;;;WD)").unwrap();
    let (_server, client) = connected_to(|options| options.security_descriptor(descriptor));
    assert_eq!(client.pipe_owner().unwrap(), Sid::default_owner().unwrap());
}

#[test]
fn a_descriptor_for_clients_admits_them_and_the_user() {
    let user = Sid::current_user().unwrap();
    let [system, everyone] = [SYSTEM, EVERYONE].map(|sid| sid.parse::<Sid>().unwrap());
    let descriptor = SecurityDescriptor::for_clients(&[system, everyone]).unwrap();
    assert_eq!(descriptor.owner_sid().unwrap(), Some(user));
    let text = descriptor.to_sddl().unwrap();
    let entries = text.split_once("D:P").unwrap().1;
    assert_eq!(entries.matches("(A;;").count(), 3, "{text}");
    assert!(entries.contains("(A;;0x12019b;;;SY)(A;;0x12019b;;;WD)"), "{text}");
    let (mut server, mut client) = connected_to(|options| options.security_descriptor(descriptor));
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    // Without accounts, only the user is left.
    let alone = SecurityDescriptor::for_clients(&[]).unwrap().to_sddl().unwrap();
    assert_eq!(alone.matches("(A;;").count(), 1, "{alone}");
}

/// A listener adds instances of its pipe when clients connect.
#[test]
fn a_listener_for_clients_serves_many() -> io::Result<()> {
    let name = unique();
    let descriptor = SecurityDescriptor::for_clients(&[EVERYONE.parse()?])?;
    let options = ListenerOptions::new().name(name.borrow()).security_descriptor(descriptor);
    let listener: Listener = options.create_sync_as()?;
    let clients: Vec<_> = (0..20).map(|_| (connect(&name), listener.accept().unwrap())).collect();
    assert_eq!(clients.len(), 20);
    Ok(())
}
