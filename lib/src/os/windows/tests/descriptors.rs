//! Security descriptors and their parts.

use super::super::{
    Sid,
    local_heap::LocalBox,
    security_descriptor::{
        AsSecurityDescriptor as _, AsSecurityDescriptorExt, AsSecurityDescriptorMutExt as _,
        BorrowedSecurityDescriptor, MutBorrowedSecurityDescriptor, SecurityDescriptor,
    },
};
use crate::TryClone as _;
use std::{
    ffi::c_void,
    io::ErrorKind,
    mem::{ManuallyDrop, MaybeUninit},
    ptr, slice,
};
use widestring::u16cstr;
use windows_sys::Win32::Security::{
    ACL, Authorization::ConvertStringSecurityDescriptorToSecurityDescriptorW,
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, GetLengthSid,
    OWNER_SECURITY_INFORMATION, SE_DACL_AUTO_INHERITED, SE_DACL_PROTECTED, SE_SACL_PROTECTED,
    SE_SELF_RELATIVE, SECURITY_ATTRIBUTES, SECURITY_DESCRIPTOR,
};

/// Descriptors with all parts and with each part alone.
const TEXTS: [&str; 7] = [
    "O:BAG:SYD:(A;;GA;;;SY)(D;;GW;;;AN)(A;;GR;;;WD)S:(AU;SAFA;GA;;;WD)",
    "O:BA",
    "G:SY",
    "D:(A;;GA;;;WD)",
    "S:(AU;FA;GA;;;BA)",
    "O:S-1-5-21-1-2-3-1004G:S-1-5-21-1-2-3-513D:(A;;GA;;;S-1-5-21-1-2-3-1004)",
    "D:",
];

/// The bytes of a part, and whether it was chosen by default.
type Part = (Vec<u8>, bool);

fn acl(part: Option<(*const ACL, bool)>) -> Option<Part> {
    part.map(|(acl, defaulted)| {
        // SAFETY: the list is null or valid.
        let bytes = unsafe {
            let size = if acl.is_null() { 0 } else { (*acl).AclSize };
            if size == 0 { &[] } else { slice::from_raw_parts(acl.cast::<u8>(), size.into()) }
        };
        (bytes.to_vec(), defaulted)
    })
}

fn sid((sid, defaulted): (*const c_void, bool)) -> Part {
    if sid.is_null() {
        return (Vec::new(), defaulted);
    }
    // SAFETY: the identifier is valid.
    let bytes = unsafe { slice::from_raw_parts(sid.cast(), GetLengthSid(sid.cast_mut()) as usize) };
    (bytes.to_vec(), defaulted)
}

/// Returns the contents of a descriptor without how they are stored.
fn contents(descriptor: &impl AsSecurityDescriptorExt) -> ([Part; 2], [Option<Part>; 2], u16) {
    (
        [sid(descriptor.owner().unwrap()), sid(descriptor.group().unwrap())],
        [acl(descriptor.dacl().unwrap()), acl(descriptor.sacl().unwrap())],
        descriptor.control_and_revision().unwrap().0 & !SE_SELF_RELATIVE,
    )
}

#[test]
fn copies_contain_every_part() {
    for text in TEXTS {
        let original = SecurityDescriptor::from_sddl(text).unwrap();
        let expected = contents(&original);
        let copy = original.try_clone().unwrap();
        assert_eq!(contents(&copy), expected, "{text}");
        assert_eq!(copy.owner().unwrap().0.is_null(), !text.contains("O:"), "{text}");
        assert_eq!(copy.group().unwrap().0.is_null(), !text.contains("G:"), "{text}");
        assert_eq!(copy.dacl().unwrap().is_some(), text.contains("D:"), "{text}");
        assert_eq!(copy.sacl().unwrap().is_some(), text.contains("S:("), "{text}");
        drop(original);
        assert_eq!(contents(&copy), expected, "{text}: the copy has parts of its own");
    }
}

#[test]
fn copies_contain_flags_and_unused_space() {
    let mut original = SecurityDescriptor::from_sddl("O:BAG:SY").unwrap();
    for room in [0, 1, 2, 3, 4, 5] {
        // A list without entries and with unused space at its end.
        let header = [2_u8, 0, 8 + room, 0, 0, 0, 0, 0].into_iter().chain(1..=room);
        let bytes: Vec<u8> = header.collect();
        original.remove_dacl().unwrap();
        // SAFETY: the list is valid and a separate allocation.
        unsafe {
            let list = LocalBox::copy_of(bytes.as_ptr(), bytes.len()).unwrap().into_raw();
            original.set_dacl(list.cast(), true).unwrap();
        }
        assert_eq!(acl(original.dacl().unwrap()), Some((bytes, true)));
        assert_eq!(contents(&original.try_clone().unwrap()), contents(&original), "{room}");
    }
    let bits = SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED | SE_SACL_PROTECTED;
    original.set_control(bits, bits).unwrap();
    let (control, revision) = original.try_clone().unwrap().control_and_revision().unwrap();
    assert_eq!((control & bits, revision), (bits, 1));
}

#[test]
fn borrowed_descriptors_can_be_absolute_or_self_relative() {
    for text in TEXTS {
        let absolute = SecurityDescriptor::from_sddl(text).unwrap();
        assert_eq!(absolute.control_and_revision().unwrap().0 & SE_SELF_RELATIVE, 0);
        let borrowed = absolute.borrow();
        assert_eq!(borrowed.as_sd(), absolute.as_sd());
        assert_eq!(contents(&borrowed.to_owned_sd().unwrap()), contents(&absolute));

        let wide: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let mut relative = ptr::null_mut();
        // SAFETY: the text ends with a NUL; the result is valid and has no other owner.
        unsafe {
            let convert = ConvertStringSecurityDescriptorToSecurityDescriptorW;
            assert_ne!(convert(wide.as_ptr(), 1, &raw mut relative, ptr::null_mut()), 0);
            let relative = LocalBox::own(relative).unwrap();
            let borrowed = BorrowedSecurityDescriptor::from_ptr(relative.as_ptr());
            assert_ne!(borrowed.control_and_revision().unwrap().0 & SE_SELF_RELATIVE, 0);
            assert_eq!(contents(&borrowed.to_owned_sd().unwrap()), contents(&borrowed));
        }
    }
}

#[test]
fn parts_can_be_removed() {
    let whole = SecurityDescriptor::from_sddl(TEXTS[0]).unwrap();
    let empty = contents(&SecurityDescriptor::default());
    let mut descriptor = whole.try_clone().unwrap();
    descriptor.remove_dacl().unwrap();
    assert!(descriptor.dacl().unwrap().is_none() && descriptor.sacl().unwrap().is_some());
    descriptor.remove_owner().unwrap();
    assert!(descriptor.owner_sid().unwrap().is_none() && descriptor.group_sid().unwrap().is_some());
    descriptor.free_contents().unwrap();
    descriptor.free_contents().unwrap();
    assert_eq!(contents(&descriptor), empty);

    let mut descriptor = whole.try_clone().unwrap();
    descriptor.remove_acls().unwrap();
    assert!(descriptor.dacl().unwrap().is_none() && descriptor.sacl().unwrap().is_none());
    descriptor.remove_sids().unwrap();
    assert_eq!(contents(&descriptor), empty);
}

#[test]
fn parts_can_move_to_another_descriptor() {
    let mut from = SecurityDescriptor::from_sddl(TEXTS[0]).unwrap();
    let mut to = SecurityDescriptor::new().unwrap();
    let expected = contents(&from);
    let (owner, group) = (from.owner().unwrap(), from.group().unwrap());
    let (dacl, sacl) = (from.dacl().unwrap().unwrap(), from.sacl().unwrap().unwrap());
    for unset in [
        SecurityDescriptor::unset_owner,
        SecurityDescriptor::unset_group,
        SecurityDescriptor::unset_dacl,
        SecurityDescriptor::unset_sacl,
    ] {
        unset(&mut from).unwrap();
    }
    assert_eq!(contents(&from), contents(&SecurityDescriptor::default()));
    // SAFETY: the parts have just been removed and have no other owner.
    unsafe {
        to.set_owner(owner.0.cast_mut(), owner.1).unwrap();
        to.set_group(group.0.cast_mut(), group.1).unwrap();
        to.set_dacl(dacl.0.cast_mut(), dacl.1).unwrap();
        to.set_sacl(sacl.0.cast_mut(), sacl.1).unwrap();
    }
    drop(from);
    assert_eq!(contents(&to), expected);
    assert_eq!(to.owner().unwrap(), owner, "the very same part");
}

#[test]
fn invalid_parts_are_refused() {
    let mut descriptor = SecurityDescriptor::from_sddl("O:BAG:SY").unwrap();
    let before = contents(&descriptor);
    // SAFETY: null is allowed, and refused.
    let errors = unsafe {
        [
            descriptor.set_owner(ptr::null_mut(), false).unwrap_err(),
            descriptor.set_group(ptr::null_mut(), false).unwrap_err(),
            descriptor.set_control(SE_SELF_RELATIVE, SE_SELF_RELATIVE).unwrap_err(),
            descriptor.set_control(0, SE_SELF_RELATIVE).unwrap_err(),
            SecurityDescriptor::deserialize(u16cstr!("nonsense")).unwrap_err(),
        ]
    };
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(contents(&descriptor), before);
}

#[test]
fn serializing_selected_parts() {
    let text = "O:BAG:SYD:(A;;GA;;;SY)";
    let descriptor = SecurityDescriptor::deserialize(u16cstr!("O:BAG:SYD:(A;;GA;;;SY)")).unwrap();
    let of = |parts| descriptor.serialize(parts, |text| text.to_string().unwrap()).unwrap();
    assert_eq!(of(OWNER_SECURITY_INFORMATION), "O:BA");
    assert_eq!(of(GROUP_SECURITY_INFORMATION), "G:SY");
    assert_eq!(of(DACL_SECURITY_INFORMATION), "D:(A;;GA;;;SY)");
    assert_eq!(descriptor.to_sddl().unwrap(), text);
    assert_eq!(format!("{descriptor:?}"), format!("SecurityDescriptor({text:?})"));
}

#[test]
fn owner_and_group_are_values() {
    let (user, system) = (Sid::current_user().unwrap(), "S-1-5-18".parse::<Sid>().unwrap());
    let mut descriptor = SecurityDescriptor::new().unwrap();
    assert_eq!(descriptor.owner_sid().unwrap(), None);
    for _ in 0..2 {
        descriptor.set_owner_sid(user).unwrap();
        descriptor.set_group_sid(system).unwrap();
        assert_eq!(descriptor.owner_sid().unwrap(), Some(user));
        assert_eq!(descriptor.group_sid().unwrap(), Some(system));
    }
    assert!(descriptor.to_sddl().unwrap().contains("G:SY"));
    // The system prints the same text.
    for text in ["S-1-5-21-4294967295-2-3-1004", "S-1-0-0", "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13"] {
        let descriptor = SecurityDescriptor::from_sddl(&format!("O:{text}")).unwrap();
        assert_eq!(descriptor.owner_sid().unwrap().unwrap().to_string(), text);
        let mut descriptor = SecurityDescriptor::new().unwrap();
        descriptor.set_group_sid(text.parse().unwrap()).unwrap();
        assert_eq!(descriptor.to_sddl().unwrap(), format!("G:{text}"));
    }
}

#[test]
fn mutable_borrows_change_the_descriptor() {
    let mut descriptor = SecurityDescriptor::from_sddl("O:BAG:SYD:(A;;GA;;;SY)").unwrap();
    descriptor.borrow_mut().remove_sids().unwrap();
    assert_eq!(descriptor.to_sddl().unwrap(), "D:(A;;GA;;;SY)");

    let mut raw = ManuallyDrop::new(SecurityDescriptor::from_sddl("O:BAG:SY").unwrap());
    // SAFETY: the descriptor is absolute, and its parts are freed through the borrow; it
    // is moved out of a value that is never dropped.
    unsafe {
        let mut raw = raw.borrow_mut().as_sd().cast::<SECURITY_DESCRIPTOR>().read();
        let mut borrowed = MutBorrowedSecurityDescriptor::from_ref(&mut raw);
        borrowed.remove_owner().unwrap();
        assert_eq!(borrowed.to_owned_sd().unwrap().to_sddl().unwrap(), "G:SY");
        let owned = SecurityDescriptor::from_owned(raw);
        assert_eq!(owned.to_sddl().unwrap(), "G:SY");
    }
}

#[test]
fn security_attributes_point_to_the_descriptor() {
    let descriptor = SecurityDescriptor::default();
    let mut attributes = SECURITY_ATTRIBUTES::default();
    descriptor.write_to_security_attributes(&mut attributes);
    assert_eq!(attributes.lpSecurityDescriptor.cast_const(), descriptor.as_sd());

    let mut attributes = MaybeUninit::<SECURITY_ATTRIBUTES>::zeroed();
    // SAFETY: the pointer is to such a structure, for which zeros are valid.
    let attributes = unsafe {
        descriptor.write_to_security_attributes_ptr(attributes.as_mut_ptr().cast());
        attributes.assume_init()
    };
    assert_eq!(attributes.lpSecurityDescriptor.cast_const(), descriptor.as_sd());
}
