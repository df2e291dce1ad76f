//! Jobs: a command together with the processes that it starts.

use super::call::{check, own};
use std::{
    io,
    os::windows::io::{AsRawHandle, OwnedHandle},
    ptr,
};
use windows_sys::Win32::{
    Foundation::{HANDLE, INVALID_HANDLE_VALUE},
    System::{
        Diagnostics::ToolHelp::{
            CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
        },
        JobObjects::{
            AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT,
            JOB_OBJECT_LIMIT_BREAKAWAY_OK, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
            JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
            SetInformationJobObject, TerminateJobObject,
        },
        Threading::{
            CREATE_SUSPENDED, OpenProcess, OpenThread, PROCESS_SET_QUOTA, PROCESS_TERMINATE,
            ResumeThread, THREAD_SUSPEND_RESUME,
        },
    },
};

/// The flag for `creation_flags` with which a command is started, so that it can be put into a job
/// before it starts other processes. [`resume`] lets it run.
pub const SUSPENDED: u32 = CREATE_SUSPENDED;

/// A job object: processes that are terminated together. When it is dropped, and when this process
/// ends in any way, the system terminates them.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    /// Creates a job without processes.
    ///
    /// # Errors
    /// An error of `CreateJobObject` or `SetInformationJobObject`.
    pub fn new() -> io::Result<Self> {
        // SAFETY: null pointers stand for the default security and no name. The handle is new.
        let job = Self(unsafe { own(CreateJobObjectW(ptr::null(), ptr::null())) }?);
        job.set_limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)?;
        Ok(job)
    }

    /// Puts a process into the job. The processes that it starts from then on are in the job as well,
    /// unless they are started outside of it on purpose (`CREATE_BREAKAWAY_FROM_JOB`).
    ///
    /// # Errors
    /// An error of `OpenProcess` or `AssignProcessToJobObject`. Before Windows 8 a process cannot be in
    /// two jobs.
    pub fn add(&self, pid: u32) -> io::Result<()> {
        // SAFETY: the arguments are numbers. The handle is new.
        let process = unsafe { own(OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, 0, pid)) }?;
        // SAFETY: both handles are open.
        check(unsafe { AssignProcessToJobObject(self.raw(), process.as_raw_handle()) })
    }

    /// Terminates the processes with this exit code.
    ///
    /// # Errors
    /// An error of `TerminateJobObject`.
    pub fn terminate(&self, code: u32) -> io::Result<()> {
        // SAFETY: the handle is open.
        check(unsafe { TerminateJobObject(self.raw(), code) })
    }

    /// Closes the job without terminating its processes.
    ///
    /// # Errors
    /// An error of `SetInformationJobObject`; the processes are then terminated.
    pub fn release(self) -> io::Result<()> {
        self.set_limit(0)
    }

    fn set_limit(&self, limit: JOB_OBJECT_LIMIT) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        // Without it, starting a process outside of the job would fail.
        limits.BasicLimitInformation.LimitFlags = limit | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
        // SAFETY: the handle is open, and the class is that of the structure.
        check(unsafe {
            let class = JobObjectExtendedLimitInformation;
            let size = size_of_val(&limits) as u32;
            SetInformationJobObject(self.raw(), class, (&raw const limits).cast(), size)
        })
    }

    fn raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

/// Lets a process run that was started with [`SUSPENDED`].
///
/// # Errors
/// An error of `CreateToolhelp32Snapshot`, `OpenThread` or `ResumeThread`, or `NotFound` if the
/// process has no thread.
pub fn resume(pid: u32) -> io::Result<()> {
    // SAFETY: the arguments are numbers.
    let all = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    let all = if all == INVALID_HANDLE_VALUE { ptr::null_mut() } else { all };
    // SAFETY: the handle is new.
    let all = unsafe { own(all) }?;
    let mut entry =
        THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..THREADENTRY32::default() };
    // SAFETY: the handle is open, and the structure has its size.
    let mut is_entry = unsafe { Thread32First(all.as_raw_handle(), &raw mut entry) };
    while is_entry != 0 && entry.th32OwnerProcessID != pid {
        // SAFETY: as above.
        is_entry = unsafe { Thread32Next(all.as_raw_handle(), &raw mut entry) };
    }
    if is_entry == 0 {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the process has no thread"));
    }
    // SAFETY: the arguments are numbers. The handle is new.
    let thread = unsafe { own(OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID)) }?;
    // SAFETY: the handle is open.
    check((unsafe { ResumeThread(thread.as_raw_handle()) } != u32::MAX).into())
}
