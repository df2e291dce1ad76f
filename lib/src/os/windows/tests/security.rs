use super::*;
use crate::{
    Access, TryClone as _,
    os::windows::{
        ListenerOptionsExt as _, Sid,
        local_heap::LocalBox,
        security_descriptor::{
            AsSecurityDescriptorExt as _, AsSecurityDescriptorMutExt as _,
            BorrowedSecurityDescriptor, SecurityDescriptor,
        },
    },
};
use std::{
    io::{ErrorKind, Read as _, Write as _},
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
    let options = ListenerOptions::new().name(name.borrow()).security_descriptor(descriptor);
    let listener: Listener = options.create_sync_as().unwrap();
    let client = connect(&name);
    let server = listener.accept().unwrap();
    (&client).write_all(b"x").unwrap();
    (&server).read_exact(&mut [0]).unwrap();
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
