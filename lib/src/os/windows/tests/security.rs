use super::*;
use crate::{
    Access, TryClone as _,
    os::windows::{
        ListenerOptionsExt as _, Sid,
        local_heap::LocalBox,
        pipe::{Pipe, WidePath},
        security_descriptor::{
            AsSecurityDescriptorExt as _, AsSecurityDescriptorMutExt as _,
            BorrowedSecurityDescriptor, SecurityDescriptor,
        },
    },
};
use std::{
    io::{ErrorKind, Write as _},
    os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::Security::{
    Authorization::{GetSecurityInfo, SE_KERNEL_OBJECT},
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION,
};

#[test]
fn descriptors_convert_to_text_and_back() {
    for sddl in
        ["D:P(A;;GA;;;SY)", "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GR;;;WD)", "O:BAG:SYD:(A;;GA;;;WD)"]
    {
        let descriptor = SecurityDescriptor::from_sddl(sddl).unwrap();
        let text = descriptor.to_sddl().unwrap();
        let again = SecurityDescriptor::from_sddl(&text).unwrap();
        assert_eq!(again.to_sddl().unwrap(), text);
        assert!(text.ends_with(&sddl[sddl.find('(').unwrap()..]), "{sddl} became {text}");
    }
}

#[test]
fn invalid_text_is_refused() {
    for text in ["nonsense", "D:(A;;GA;;;", "D:(A;;GA;;;SY)\0"] {
        let error = SecurityDescriptor::from_sddl(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn the_user_can_connect_with_each_access() {
    for access in [Access::CurrentUser, Access::Group, Access::Everyone] {
        let name = unique();
        let options = ListenerOptions::new().name(name.borrow()).access(access);
        let _listener: Listener = options.create_sync_as().unwrap();
        connect(&name);
    }
}

/// Others than the user cannot add an instance, to which the next client would connect, and
/// cannot change who may connect.
#[test]
fn others_have_the_rights_of_clients_alone() {
    for (access, others) in
        [(Access::CurrentUser, None), (Access::Group, Some(())), (Access::Everyone, Some(()))]
    {
        let options = ListenerOptions::new().name(unique()).access(access);
        let listener: Listener = options.create_sync_as().unwrap();
        let text = descriptor_of(OwnedHandle::from(listener).as_handle()).to_sddl().unwrap();
        // One entry for each of the system, the administrators and the user, who come first.
        let rights: Vec<&str> =
            text.split("(A;;").skip(1).filter_map(|ace| Some(ace.split_once(';')?.0)).collect();
        let (full, rest) = rights.split_at_checked(3).unwrap_or_else(|| panic!("{text}"));
        // Windows makes file rights of the generic ones, Wine does not.
        assert!(full.iter().all(|right| ["GA", "FA", "0x1f01ff"].contains(right)), "{text}");
        assert_eq!(rest, others.map(|()| "0x12019b").as_slice(), "{text}");
    }
}

#[test]
fn a_client_needs_no_more_than_its_rights() {
    let user = Sid::current_user().unwrap();
    let descriptor = SecurityDescriptor::from_sddl(&format!("D:P(A;;0x12019b;;;{user})")).unwrap();
    let name = unique();
    // A listener has more instances, which need more rights.
    let path = WidePath::new(name.as_os_str());
    let server = Pipe::create_instance(&path, &descriptor, true, 1).unwrap();
    let client = connect(&name);
    (&client).write_all(b"x").unwrap();
    assert_eq!(server.available().unwrap(), 1);
}

/// Every instance but the first needs these rights. They are checked before, because the system
/// reports their lack like a server that holds the name.
#[test]
fn a_descriptor_that_does_not_let_its_user_create_instances_is_refused() {
    let user = Sid::current_user().unwrap();
    let [read, write, create] =
        ["FILE_GENERIC_READ", "FILE_GENERIC_WRITE", "FILE_CREATE_PIPE_INSTANCE"];
    for (aces, missing) in [
        ("(A;;GR;;;WD)(A;;GA;;;SY)".to_owned(), &[write, create][..]),
        (format!("(A;;GR;;;{user})"), &[write, create]),
        (format!("(A;;0x12019b;;;{user})"), &[create]),
        (format!("(A;;GW;;;{user})"), &[read]),
        (format!("(D;;0x4;;;{user})(A;;GA;;;WD)"), &[create]),
        ("(A;;GA;;;S-1-5-21-1-2-3-4)".to_owned(), &[read, write, create]),
        (String::new(), &[read, write, create]),
        (format!("(A;;GRGW;;;{user})"), &[]),
        (format!("(A;;GA;;;{user})"), &[]),
        (format!("(A;;0x12019f;;;{user})"), &[]),
        ("(A;;GA;;;WD)".to_owned(), &[]),
        (format!("(A;;GR;;;WD)(A;;GA;;;{user})"), &[]),
    ] {
        let sddl = format!("D:P{aces}");
        let descriptor = SecurityDescriptor::from_sddl(&sddl).unwrap();
        let options = ListenerOptions::new().name(unique());
        let options = options.security_descriptor(descriptor.try_clone().unwrap());
        let listener = options.create_sync_as::<Listener>();
        let checked = descriptor.check_server_access();
        if missing.is_empty() {
            checked.unwrap_or_else(|error| panic!("{sddl}: {error}"));
            listener.unwrap_or_else(|error| panic!("{sddl}: {error}"));
            continue;
        }
        for error in [checked.unwrap_err(), listener.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{sddl}: {error}");
            for right in [read, write, create] {
                let is_named = error.to_string().contains(&format!("({right})"));
                assert_eq!(is_named, missing.contains(&right), "{sddl}: {error}");
            }
        }
    }
}

/// Without a list the system takes that of the process, and a null list admits everyone.
#[test]
fn a_descriptor_without_a_list_lets_its_user_create_instances() {
    SecurityDescriptor::new().unwrap().check_server_access().unwrap();
    SecurityDescriptor::from_sddl("O:BAG:SY").unwrap().check_server_access().unwrap();
}

#[test]
fn the_given_descriptor_is_used() {
    let name = unique();
    let descriptor = SecurityDescriptor::from_sddl("D:P(A;;GA;;;WD)").unwrap();
    let options = ListenerOptions::new().name(name.borrow()).security_descriptor(descriptor);
    let _listener: Listener = options.create_sync_as().unwrap();
    connect(&name);
}

#[test]
fn a_null_list_allows_access_for_everyone() {
    let mut descriptor = SecurityDescriptor::new().unwrap();
    // SAFETY: null is allowed.
    unsafe { descriptor.set_dacl(ptr::null_mut(), false).unwrap() };
    let name = unique();
    let options = ListenerOptions::new().name(name.borrow());
    let options = options.security_descriptor(descriptor.try_clone().unwrap());
    let _listener: Listener = options.create_sync_as().unwrap();
    connect(&name);
}

#[test]
fn the_pipe_has_the_given_descriptor() {
    let user = Sid::current_user().unwrap();
    let given = SecurityDescriptor::from_sddl(&format!(
        "O:{user}D:P(A;;GA;;;SY)(A;;FR;;;WD)(A;;GA;;;{user})"
    ))
    .unwrap();
    let options = ListenerOptions::new().name(unique());
    let options = options.security_descriptor(given.try_clone().unwrap());
    let listener: Listener = options.create_sync_as().unwrap();
    let found = descriptor_of(OwnedHandle::from(listener).as_handle());
    assert_eq!(found.owner_sid().unwrap(), Some(user));
    // The system has replaced generic rights by specific ones.
    let principals = |descriptor: &SecurityDescriptor| -> Vec<String> {
        let text = descriptor.to_sddl().unwrap();
        text.split(')').filter_map(|ace| Some(ace.rsplit_once(';')?.1.to_owned())).collect()
    };
    assert_eq!(principals(&found), principals(&given), "{found:?}");
    assert_eq!(principals(&found).len(), 3);
}

/// Returns the security descriptor of an open object.
fn descriptor_of(handle: BorrowedHandle<'_>) -> SecurityDescriptor {
    let (none, mut descriptor) = (ptr::null_mut(), ptr::null_mut());
    let parts = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    // SAFETY: the handle is open; the system allocates a valid descriptor with LocalAlloc,
    // which is copied before it is freed.
    unsafe {
        let (kind, result) = (SE_KERNEL_OBJECT, &raw mut descriptor);
        let none_acl = ptr::null_mut();
        let code = GetSecurityInfo(
            handle.as_raw_handle(),
            kind,
            parts,
            none,
            none,
            none_acl,
            none_acl,
            result,
        );
        assert_eq!(code, 0);
        let descriptor = LocalBox::own(descriptor).unwrap();
        BorrowedSecurityDescriptor::from_ptr(descriptor.as_ptr()).to_owned_sd().unwrap()
    }
}
