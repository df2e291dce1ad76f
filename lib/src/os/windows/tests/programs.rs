//! Programs as they were written for `interprocess`. They also test that the code compiles.

use super::unique;
use crate::{
    Listener, ListenerOptions, Stream, TryClone as _,
    os::windows::{
        AsSecurityDescriptorExt as _, AsSecurityDescriptorMutExt as _, ImpersonationGuard,
        ListenerOptionsExt as _, SecurityDescriptor, security_descriptor,
    },
    prelude::*,
};
use std::{
    io,
    os::windows::io::{AsHandle as _, OwnedHandle},
    ptr,
};
use widestring::{U16CString, u16cstr};
use windows_sys::Win32::Security::DACL_SECURITY_INFORMATION;

#[test]
fn descriptors() {
    fn run() -> io::Result<()> {
        let text = U16CString::from_str("D:P(A;;GA;;;SY)(A;;GA;;;WD)").map_err(io::Error::other)?;
        let mut descriptor = SecurityDescriptor::deserialize(&text)?;
        let count =
            |text: &widestring::U16CStr| text.as_slice().iter().filter(|&&c| c == 40).count();
        assert_eq!(descriptor.serialize(DACL_SECURITY_INFORMATION, count)?, 2);
        descriptor.remove_dacl()?;
        // SAFETY: null is allowed.
        unsafe { descriptor.set_dacl(ptr::null_mut(), false)? };
        let name = unique();
        let listener = ListenerOptions::new()
            .name(name.borrow())
            .security_descriptor(descriptor.try_clone()?)
            .create_sync()?;
        let _ = Stream::connect(name)?;
        let handle = match listener {
            Listener::NamedPipe(listener) => OwnedHandle::from(listener),
        };
        let _ = handle.as_handle();
        let _: security_descriptor::BorrowedSecurityDescriptor<'_> = descriptor.borrow();
        SecurityDescriptor::deserialize(u16cstr!("D:(A;;GA;;;WD)")).map(drop)
    }
    run().unwrap();
}

#[test]
fn peers() {
    fn run() -> io::Result<()> {
        let name = unique();
        let listener = ListenerOptions::new().name(name.borrow()).create_sync()?;
        let Stream::NamedPipe(client) = Stream::connect(name)?;
        let Stream::NamedPipe(server) = listener.accept()?;
        assert_eq!(client.inner().server_process_id()?, std::process::id());
        assert_eq!(server.inner().client_process_id()?, std::process::id());
        assert!(server.inner().is_server() && client.inner().is_client());
        let _guard: ImpersonationGuard = server.inner().impersonate_client()?;
        Ok(())
    }
    run().unwrap();
}
