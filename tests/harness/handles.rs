//! Processes with standard handles that std does not pass: none, or one handle for several streams.
//! Pseudo consoles.

use super::{DEADLINE, Scene};
use std::{
    ffi::OsStr,
    io,
    os::windows::{
        ffi::OsStrExt,
        io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle},
    },
    ptr,
};
use windows_sys::Win32::{
    Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE, WAIT_OBJECT_0},
    System::{
        Console::{COORD, ClosePseudoConsole, CreatePseudoConsole, HPCON},
        Threading::{
            CreateProcessW, DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT,
            GetCurrentProcess, GetExitCodeProcess, InitializeProcThreadAttributeList,
            LPPROC_THREAD_ATTRIBUTE_LIST, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
            PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, PROCESS_INFORMATION, STARTF_USESTDHANDLES,
            STARTUPINFOEXW, STARTUPINFOW, TerminateProcess, UpdateProcThreadAttribute,
            WaitForSingleObject,
        },
    },
};

/// A started process. It is killed when this is dropped.
pub(crate) struct Spawned {
    process: OwnedHandle,
    command_line: String,
}

/// A console without a window. What is typed is written to `keys`; what it shows can be read from
/// `screen`, with escape sequences.
pub(crate) struct PseudoConsole {
    console: HPCON,
    pub(crate) keys: Option<io::PipeWriter>,
    pub(crate) screen: Option<io::PipeReader>,
}

impl Scene {
    /// Starts lsock with these handles as stdin, stdout and stderr.
    #[track_caller]
    pub(crate) fn spawn_lsock(
        &self,
        args: &[&str],
        handles: [Option<BorrowedHandle<'_>>; 3],
    ) -> Spawned {
        let mut inherited: Vec<OwnedHandle> = Vec::new();
        let mut raw = [ptr::null_mut::<std::ffi::c_void>(); 3];
        for (index, handle) in handles.iter().enumerate() {
            let Some(handle) = handle else { continue };
            let is_same = |other: &Option<BorrowedHandle<'_>>| {
                other.is_some_and(|other| other.as_raw_handle() == handle.as_raw_handle())
            };
            // Two streams with one handle get one handle.
            raw[index] = match handles[..index].iter().position(is_same) {
                Some(same) => raw[same],
                None => {
                    inherited.push(inheritable(*handle));
                    inherited[inherited.len() - 1].as_raw_handle()
                }
            };
        }
        let mut list: Vec<HANDLE> = inherited.iter().map(AsRawHandle::as_raw_handle).collect();
        let value = (!list.is_empty()).then(|| {
            let size = size_of_val(&list[..]);
            (PROC_THREAD_ATTRIBUTE_HANDLE_LIST, list.as_mut_ptr().cast_const().cast(), size)
        });
        let startup = STARTUPINFOW {
            dwFlags: STARTF_USESTDHANDLES,
            hStdInput: raw[0],
            hStdOutput: raw[1],
            hStdError: raw[2],
            ..STARTUPINFOW::default()
        };
        let program = format!("\"{}\"", env!("CARGO_BIN_EXE_lsock"));
        spawn(&format!("{program} {}", args.join(" ")), startup, value)
    }
}

impl PseudoConsole {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let (keys_read, keys) = io::pipe().unwrap();
        let (screen, screen_written) = io::pipe().unwrap();
        let mut console: HPCON = 0;
        // SAFETY: the handles are open, the pointer is valid. The console has duplicates of them.
        let result = unsafe {
            let (keys, screen) = (keys_read.as_raw_handle(), screen_written.as_raw_handle());
            CreatePseudoConsole(COORD { X: 120, Y: 30 }, keys, screen, 0, &raw mut console)
        };
        assert_eq!(result, 0, "CreatePseudoConsole");
        Self { console, keys: Some(keys), screen: Some(screen) }
    }

    /// Starts a command line in the console.
    #[track_caller]
    pub(crate) fn spawn(&self, command_line: &str) -> Spawned {
        let value = ptr::without_provenance(self.console.cast_unsigned());
        let attribute = (PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, value, size_of::<HPCON>());
        // The standard handles of the test are not those of the process.
        let startup = STARTUPINFOW { dwFlags: STARTF_USESTDHANDLES, ..STARTUPINFOW::default() };
        spawn(command_line, startup, Some(attribute))
    }
}

impl Drop for PseudoConsole {
    fn drop(&mut self) {
        // SAFETY: it is open, and nothing uses it after this.
        unsafe { ClosePseudoConsole(self.console) };
    }
}

impl Spawned {
    /// Waits until the process has ended. Returns its exit code.
    #[track_caller]
    pub(crate) fn end(self) -> u32 {
        let millis = u32::try_from(DEADLINE.as_millis()).unwrap();
        let mut code = 0;
        // SAFETY: the handle is open, the pointer is valid.
        unsafe {
            let waited = WaitForSingleObject(self.process.as_raw_handle(), millis);
            assert_eq!(waited, WAIT_OBJECT_0, "`{}` has not ended", self.command_line);
            assert_ne!(GetExitCodeProcess(self.process.as_raw_handle(), &raw mut code), 0);
        }
        code
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // SAFETY: the handle is open. It fails if the process has ended.
        unsafe { TerminateProcess(self.process.as_raw_handle(), 1) };
    }
}

/// Returns a duplicate that a process inherits.
fn inheritable(handle: BorrowedHandle<'_>) -> OwnedHandle {
    let mut duplicate = ptr::null_mut();
    // SAFETY: the handle is open, the pointer is valid; the duplicate has no other owner.
    unsafe {
        let own = GetCurrentProcess();
        let raw = handle.as_raw_handle();
        let options = DUPLICATE_SAME_ACCESS;
        let ok = DuplicateHandle(own, raw, own, &raw mut duplicate, 0, 1, options);
        assert_ne!(ok, 0, "{}", io::Error::last_os_error());
        OwnedHandle::from_raw_handle(duplicate)
    }
}

/// Starts a process with an attribute: its name, value and size.
#[track_caller]
fn spawn(
    command_line: &str,
    startup: STARTUPINFOW,
    attribute: Option<(u32, *const std::ffi::c_void, usize)>,
) -> Spawned {
    let mut text: Vec<u16> = OsStr::new(command_line).encode_wide().chain([0]).collect();
    let mut size = 0;
    // SAFETY: a list of null asks for the size.
    unsafe { InitializeProcThreadAttributeList(ptr::null_mut(), 1, 0, &raw mut size) };
    let mut memory = vec![0_usize; size.div_ceil(size_of::<usize>())];
    let list: LPPROC_THREAD_ATTRIBUTE_LIST = memory.as_mut_ptr().cast();
    let size_of_startup = u32::try_from(size_of::<STARTUPINFOEXW>()).unwrap();
    let startup = STARTUPINFOEXW {
        StartupInfo: STARTUPINFOW { cb: size_of_startup, ..startup },
        lpAttributeList: list,
    };
    let inherits = attribute.is_some_and(|(name, ..)| name == PROC_THREAD_ATTRIBUTE_HANDLE_LIST);
    let mut information = PROCESS_INFORMATION::default();
    // SAFETY: the memory of the list has the size that the system wants; all pointers are valid or
    // null until the end of the call; the handles of the new process have no other owner.
    unsafe {
        assert_ne!(InitializeProcThreadAttributeList(list, 1, 0, &raw mut size), 0);
        if let Some((name, value, size)) = attribute {
            let (none, size_none) = (ptr::null_mut(), ptr::null());
            let name = name as usize;
            let ok = UpdateProcThreadAttribute(list, 0, name, value, size, none, size_none);
            assert_ne!(ok, 0, "{}", io::Error::last_os_error());
        }
        let ok = CreateProcessW(
            ptr::null(),
            text.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            i32::from(inherits),
            EXTENDED_STARTUPINFO_PRESENT,
            ptr::null(),
            ptr::null(),
            (&raw const startup).cast(),
            &raw mut information,
        );
        let error = io::Error::last_os_error();
        DeleteProcThreadAttributeList(list);
        assert_ne!(ok, 0, "`{command_line}`: {error}");
        drop(OwnedHandle::from_raw_handle(information.hThread));
        let process = OwnedHandle::from_raw_handle(information.hProcess);
        Spawned { process, command_line: command_line.to_owned() }
    }
}
