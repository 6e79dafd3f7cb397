//! An `LD_PRELOAD` library that records every write and sync, delays syncs and injects faults.
//!
//! It stands between a program and the C library. Calls on files below `DAYBOOK_REC_ROOT`, and on
//! the file `DAYBOOK_REC_ACKS`, are done and then appended to the file `DAYBOOK_REC_LOG`, in the
//! order in which they returned; everything else passes through untouched. A test builds from that
//! log what a disk may hold after a power cut, and sees whether a sync stands before each ack.
//!
//! | variable | meaning |
//! |---|---|
//! | `DAYBOOK_REC_ROOT` | the folder whose files are watched (an absolute path without links) |
//! | `DAYBOOK_REC_LOG` | where to record; left out, only delays and faults apply |
//! | `DAYBOOK_REC_ACKS` | a file the program writes its acknowledgements to; recorded in order |
//! | `DAYBOOK_REC_SYNC_DELAY_US` | microseconds every `fsync` and `fdatasync` waits first |
//! | `DAYBOOK_REC_FAIL` | `kind:n:error`: the n-th watched call of the kind fails, undone; kinds are `sync` (fsync, fdatasync), `write` (write, pwrite and their vector forms), `space` (those and fallocate, and calls that make files), `any`; errors `EIO`, `ENOSPC`, `EDQUOT` or a number |
//! | `DAYBOOK_REC_FAIL_WHILE` | a path: from the n-th call on every call of the kind fails while it exists |
//! | `DAYBOOK_REC_FAIL_IN` | only calls on paths that contain this text count and fail |
//! | `DAYBOOK_REC_KILL` | N: the process kills itself (SIGKILL) before the N-th watched call |
//!
//! A sync is recorded twice, when it begins and when it returned: only writes recorded before the
//! beginning are covered by it. The log is a sequence of records, all integers little endian:
//! ```text
//! size of the rest u32 │ op u8 │ result i64 │ errno i32 │ inode u64 │ offset u64 │ length u64
//!                      │ flags u32 │ path size u16 │ path │ second path size u16 │ path │ data
//! ```
//! Both records of a sync carry its number in the place of the offset.
//! Ops: 1 open (flags: those of the call, bit 31: it made the file), 2 write (data: what was
//! written), 3 ftruncate (length), 4 fallocate (offset, length, flags: mode), 5 rename, 6 unlink,
//! 7 mkdir, 8 rmdir, 9 sync begins, 10 sync returned (flags: 0 fsync, 1 fdatasync), 11
//! sync_file_range (flags: its flags). A record for `mkdir("/r/a")` begins
//! `31000000 07 0000000000000000 00000000`.
//!
//! What it does not do: it sees no write through `mmap`, no `copy_file_range`, no descriptor made by
//! `dup`; nothing in this workspace writes a ledger that way.
#![allow(unsafe_code)]
// Why unsafe: replacing functions of the C library means exporting functions with its signatures
// and calling the originals by address; neither can be said in safe Rust. Each function does no more
// with its pointers than hand them on, or read what the caller promises to the original to be there.
#![allow(clippy::missing_safety_doc, missing_docs)]

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_uint, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use libc::{iovec, mode_t, off_t, size_t, ssize_t};

const OPEN: u8 = 1;
const WRITE: u8 = 2;
const TRUNCATE: u8 = 3;
const ALLOCATE: u8 = 4;
const RENAME: u8 = 5;
const UNLINK: u8 = 6;
const MKDIR: u8 = 7;
const RMDIR: u8 = 8;
const SYNC_BEGINS: u8 = 9;
const SYNC_RETURNED: u8 = 10;
const SYNC_RANGE: u8 = 11;

const MADE: u32 = 1 << 31;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sync,
    Write,
    Space,
    Other,
}

struct Fault {
    kind: Option<Kind>,
    nth: u64,
    errno: c_int,
    while_there: Option<CString>,
    within: Option<Vec<u8>>,
}

struct Settings {
    root: Vec<u8>,
    acks: Option<Vec<u8>>,
    log: c_int,
    sync_delay_us: c_uint,
    fault: Option<Fault>,
    kill_at: u64,
}

struct State {
    settings: Settings,
    files: Mutex<HashMap<c_int, Vec<u8>>>,
    calls: AtomicU64,
    matching: AtomicU64,
    syncs: AtomicU64,
}

/// Finds the C library's own function of this name, once.
macro_rules! real {
    ($name:literal as $type:ty) => {{
        static FOUND: AtomicUsize = AtomicUsize::new(0);
        let mut address = FOUND.load(Ordering::Relaxed);
        if address == 0 {
            // SAFETY: the name is a literal ended by a zero byte.
            address = unsafe { libc::dlsym(libc::RTLD_NEXT, concat!($name, "\0").as_ptr().cast()) }
                as usize;
            FOUND.store(address, Ordering::Relaxed);
        }
        // SAFETY: the C library's function of this name has this signature.
        unsafe { std::mem::transmute::<usize, $type>(address) }
    }};
}

fn variable(name: &str) -> Option<Vec<u8>> {
    let name = CString::new(name).ok()?;
    // SAFETY: the name ends in a zero byte; the value is copied before anything can change it.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: a value of the environment ends in a zero byte.
    Some(unsafe { CStr::from_ptr(value) }.to_bytes().to_vec())
}

fn number(name: &str) -> u64 {
    variable(name)
        .and_then(|value| String::from_utf8(value).ok())
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

fn fault() -> Option<Fault> {
    let text = String::from_utf8(variable("DAYBOOK_REC_FAIL")?).ok()?;
    let mut words = text.split(':');
    let kind = match words.next()? {
        "sync" => Some(Kind::Sync),
        "write" => Some(Kind::Write),
        "space" => Some(Kind::Space),
        _ => None,
    };
    let nth = words.next()?.parse().ok()?;
    let errno = match words.next()? {
        "EIO" => libc::EIO,
        "ENOSPC" => libc::ENOSPC,
        "EDQUOT" => libc::EDQUOT,
        number => number.parse().ok()?,
    };
    let while_there = variable("DAYBOOK_REC_FAIL_WHILE").and_then(|path| CString::new(path).ok());
    Some(Fault { kind, nth, errno, while_there, within: variable("DAYBOOK_REC_FAIL_IN") })
}

fn state() -> Option<&'static State> {
    static STATE: OnceLock<Option<State>> = OnceLock::new();
    STATE
        .get_or_init(|| {
            let root = variable("DAYBOOK_REC_ROOT")?;
            let log = match variable("DAYBOOK_REC_LOG").and_then(|path| CString::new(path).ok()) {
                None => -1,
                Some(path) => {
                    let open =
                        real!("open" as extern "C" fn(*const c_char, c_int, mode_t) -> c_int);
                    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
                    open(path.as_ptr(), flags, 0o644)
                }
            };
            let settings = Settings {
                root,
                acks: variable("DAYBOOK_REC_ACKS"),
                log,
                sync_delay_us: number("DAYBOOK_REC_SYNC_DELAY_US") as c_uint,
                fault: fault(),
                kill_at: number("DAYBOOK_REC_KILL"),
            };
            Some(State {
                settings,
                files: Mutex::new(HashMap::new()),
                calls: AtomicU64::new(0),
                matching: AtomicU64::new(0),
                syncs: AtomicU64::new(1),
            })
        })
        .as_ref()
}

/// One watched call.
#[derive(Default)]
struct Call<'a> {
    op: u8,
    inode: u64,
    offset: u64,
    length: u64,
    flags: u32,
    path: &'a [u8],
    second: &'a [u8],
    data: &'a [u8],
}

impl State {
    fn files(&self) -> MutexGuard<'_, HashMap<c_int, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watches(&self, path: &[u8]) -> bool {
        let root = &self.settings.root;
        let below = path.starts_with(root) && matches!(path.get(root.len()), None | Some(b'/'));
        below || self.settings.acks.as_deref() == Some(path)
    }

    fn is_ack(&self, path: &[u8]) -> bool {
        self.settings.acks.as_deref() == Some(path)
    }

    /// Counts the call; dies at it or returns the error it is to fail with.
    fn before(&self, kind: Kind, path: &[u8]) -> Option<c_int> {
        if self.is_ack(path) {
            return None;
        }
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if call == self.settings.kill_at {
            // SAFETY: kills this process and touches no memory.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
        let fault = self.settings.fault.as_ref()?;
        let matches = match fault.kind {
            None => true,
            Some(Kind::Space) => matches!(kind, Kind::Space | Kind::Write),
            Some(wanted) => wanted == kind,
        };
        let within = fault.within.as_deref().is_none_or(|text| {
            !text.is_empty() && path.windows(text.len()).any(|window| window == text)
        });
        if !matches || !within {
            return None;
        }
        let count = self.matching.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = match &fault.while_there {
            None => count == fault.nth,
            // SAFETY: the path ends in a zero byte.
            Some(path) => count >= fault.nth && unsafe { libc::access(path.as_ptr(), 0) } == 0,
        };
        fails.then_some(fault.errno)
    }

    /// Appends a record in one write.
    fn record(&self, call: &Call<'_>, result: i64) {
        if self.settings.log < 0 {
            return;
        }
        let error = if result < 0 { errno() } else { 0 };
        let mut out = Vec::with_capacity(64 + call.path.len() + call.data.len());
        out.extend_from_slice(&[0; 4]);
        out.push(call.op);
        out.extend_from_slice(&result.to_le_bytes());
        out.extend_from_slice(&error.to_le_bytes());
        out.extend_from_slice(&call.inode.to_le_bytes());
        out.extend_from_slice(&call.offset.to_le_bytes());
        out.extend_from_slice(&call.length.to_le_bytes());
        out.extend_from_slice(&call.flags.to_le_bytes());
        for path in [call.path, call.second] {
            out.extend_from_slice(&(path.len() as u16).to_le_bytes());
            out.extend_from_slice(path);
        }
        out.extend_from_slice(call.data);
        let size = (out.len() - 4) as u32;
        out[..4].copy_from_slice(&size.to_le_bytes());
        let write = real!("write" as extern "C" fn(c_int, *const c_void, size_t) -> ssize_t);
        let mut at = 0;
        while at < out.len() {
            let done = write(self.settings.log, out[at..].as_ptr().cast(), out.len() - at);
            if done <= 0 {
                break;
            }
            at += done as usize;
        }
        set_errno(error);
    }
}

fn errno() -> c_int {
    // SAFETY: the C library's place for this thread's error number.
    unsafe { *libc::__errno_location() }
}

fn set_errno(value: c_int) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = value };
}

fn inode_of(fd: c_int) -> (u64, u64) {
    // SAFETY: fstat fills the structure it is given.
    unsafe {
        let mut found: libc::stat = std::mem::zeroed();
        if libc::fstat(fd, &mut found) == 0 { (found.st_ino, found.st_size as u64) } else { (0, 0) }
    }
}

/// Returns the absolute path without `.` and `..` that a call means.
fn absolute(dir: c_int, path: *const c_char) -> Option<Vec<u8>> {
    if path.is_null() {
        return None;
    }
    // SAFETY: the caller promises a path that ends in a zero byte.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes();
    let mut whole = PathBuf::new();
    if path.first() != Some(&b'/') {
        let link = if dir == libc::AT_FDCWD {
            c"/proc/self/cwd".to_owned()
        } else {
            CString::new(format!("/proc/self/fd/{dir}")).ok()?
        };
        let mut buffer = [0u8; 4096];
        // SAFETY: the buffer is as long as said.
        let size =
            unsafe { libc::readlink(link.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
        whole.push(OsStr::from_bytes(buffer.get(..usize::try_from(size).ok()?)?));
    }
    for part in Path::new(OsStr::from_bytes(path)).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            other => whole.push(other),
        }
    }
    Some(whole.into_os_string().into_encoded_bytes())
}

/// A call on an open file: the state and the file's path when it is watched.
fn watched(fd: c_int) -> Option<(&'static State, Vec<u8>)> {
    let state = state()?;
    let path = state.files().get(&fd).cloned()?;
    Some((state, path))
}

fn opened(dir: c_int, path: *const c_char, flags: c_int, real: impl Fn() -> c_int) -> c_int {
    let Some((state, path)) = state().zip(absolute(dir, path)) else { return real() };
    if !state.watches(&path) {
        let fd = real();
        if fd >= 0 {
            state.files().remove(&fd);
        }
        return fd;
    }
    let there = CString::new(path.clone())
        // SAFETY: the path ends in a zero byte.
        .is_ok_and(|path| unsafe { libc::access(path.as_ptr(), libc::F_OK) } == 0);
    let makes = flags & libc::O_CREAT != 0 && !there;
    let changes = makes || (flags & libc::O_TRUNC != 0 && there);
    let mut call = Call { op: OPEN, path: &path, flags: flags as u32 & !MADE, ..Call::default() };
    if makes {
        call.flags |= MADE;
    }
    if changes
        && let Some(error) = state.before(if makes { Kind::Space } else { Kind::Other }, &path)
    {
        set_errno(error);
        state.record(&call, -1);
        return -1;
    }
    let mut files = state.files();
    let fd = real();
    if fd >= 0 {
        files.insert(fd, path.clone());
        call.inode = inode_of(fd).0;
    }
    if changes {
        state.record(&call, i64::from(fd));
    }
    fd
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let real = real!("open" as extern "C" fn(*const c_char, c_int, mode_t) -> c_int);
    opened(libc::AT_FDCWD, path, flags, || real(path, flags, mode))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let real = real!("open64" as extern "C" fn(*const c_char, c_int, mode_t) -> c_int);
    opened(libc::AT_FDCWD, path, flags, || real(path, flags, mode))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    let real = real!("openat" as extern "C" fn(c_int, *const c_char, c_int, mode_t) -> c_int);
    opened(dir, path, flags, || real(dir, path, flags, mode))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat64(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    let real = real!("openat64" as extern "C" fn(c_int, *const c_char, c_int, mode_t) -> c_int);
    opened(dir, path, flags, || real(dir, path, flags, mode))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn creat(path: *const c_char, mode: mode_t) -> c_int {
    let real = real!("creat" as extern "C" fn(*const c_char, mode_t) -> c_int);
    let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
    opened(libc::AT_FDCWD, path, flags, || real(path, mode))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(fd: c_int) -> c_int {
    let real = real!("close" as extern "C" fn(c_int) -> c_int);
    if let Some(state) = state() {
        state.files().remove(&fd);
    }
    real(fd)
}

/// Does and records a write whose bytes are at `data`; without an offset it goes where the file
/// stands.
fn written(fd: c_int, offset: Option<off_t>, data: &[u8], real: impl Fn() -> ssize_t) -> ssize_t {
    let Some((state, path)) = watched(fd) else { return real() };
    let failure = state.before(Kind::Write, &path);
    // Held over the call, so that the log has the order in which the bytes arrived.
    let files = state.files();
    let (inode, size) = inode_of(fd);
    let offset = match offset {
        Some(offset) => offset as u64,
        // SAFETY: both only ask about the descriptor.
        None => unsafe {
            if libc::fcntl(fd, libc::F_GETFL) & libc::O_APPEND != 0 {
                size
            } else {
                libc::lseek(fd, 0, libc::SEEK_CUR) as u64
            }
        },
    };
    let done = match failure {
        Some(error) => {
            set_errno(error);
            -1
        }
        None => real(),
    };
    let error = errno();
    let data = data.get(..usize::try_from(done).unwrap_or(0)).unwrap_or_default();
    let length = data.len() as u64;
    set_errno(error);
    let call = Call { op: WRITE, inode, offset, length, path: &path, data, ..Call::default() };
    state.record(&call, done as i64);
    drop(files);
    done
}

unsafe fn bytes_at<'a>(data: *const c_void, size: size_t) -> &'a [u8] {
    if data.is_null() {
        return &[];
    }
    // SAFETY: the caller promises `size` readable bytes.
    unsafe { std::slice::from_raw_parts(data.cast(), size) }
}

unsafe fn gathered(parts: *const iovec, count: c_int) -> Vec<u8> {
    let mut all = Vec::new();
    for at in 0..usize::try_from(count).unwrap_or(0) {
        // SAFETY: the caller promises `count` parts of readable bytes.
        unsafe {
            let part = &*parts.add(at);
            all.extend_from_slice(bytes_at(part.iov_base, part.iov_len));
        }
    }
    all
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, data: *const c_void, size: size_t) -> ssize_t {
    let real = real!("write" as extern "C" fn(c_int, *const c_void, size_t) -> ssize_t);
    // SAFETY: as promised to write itself.
    written(fd, None, unsafe { bytes_at(data, size) }, || real(fd, data, size))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(
    fd: c_int,
    data: *const c_void,
    size: size_t,
    offset: off_t,
) -> ssize_t {
    let real = real!("pwrite" as extern "C" fn(c_int, *const c_void, size_t, off_t) -> ssize_t);
    // SAFETY: as promised to pwrite itself.
    written(fd, Some(offset), unsafe { bytes_at(data, size) }, || real(fd, data, size, offset))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    fd: c_int,
    data: *const c_void,
    size: size_t,
    offset: off_t,
) -> ssize_t {
    let real = real!("pwrite64" as extern "C" fn(c_int, *const c_void, size_t, off_t) -> ssize_t);
    // SAFETY: as promised to pwrite64 itself.
    written(fd, Some(offset), unsafe { bytes_at(data, size) }, || real(fd, data, size, offset))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let real = real!("writev" as extern "C" fn(c_int, *const iovec, c_int) -> ssize_t);
    if watched(fd).is_none() {
        return real(fd, parts, count);
    }
    // SAFETY: as promised to writev itself.
    written(fd, None, &unsafe { gathered(parts, count) }, || real(fd, parts, count))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev(
    fd: c_int,
    parts: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    let real = real!("pwritev" as extern "C" fn(c_int, *const iovec, c_int, off_t) -> ssize_t);
    if watched(fd).is_none() {
        return real(fd, parts, count, offset);
    }
    // SAFETY: as promised to pwritev itself.
    let data = unsafe { gathered(parts, count) };
    written(fd, Some(offset), &data, || real(fd, parts, count, offset))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev64(
    fd: c_int,
    parts: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    let real = real!("pwritev64" as extern "C" fn(c_int, *const iovec, c_int, off_t) -> ssize_t);
    if watched(fd).is_none() {
        return real(fd, parts, count, offset);
    }
    // SAFETY: as promised to pwritev64 itself.
    let data = unsafe { gathered(parts, count) };
    written(fd, Some(offset), &data, || real(fd, parts, count, offset))
}

/// Does and records any other call on an open file.
fn on_file(fd: c_int, kind: Kind, mut call: Call<'_>, real: impl Fn() -> c_int) -> c_int {
    let Some((state, path)) = watched(fd) else { return real() };
    let failure = state.before(kind, &path);
    call.inode = inode_of(fd).0;
    let _files = state.files();
    let done = match failure {
        Some(error) => {
            set_errno(error);
            -1
        }
        None => real(),
    };
    state.record(&Call { path: &path, ..call }, i64::from(done));
    done
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(fd: c_int, length: off_t) -> c_int {
    let real = real!("ftruncate" as extern "C" fn(c_int, off_t) -> c_int);
    let call = Call { op: TRUNCATE, length: length as u64, ..Call::default() };
    on_file(fd, Kind::Other, call, || real(fd, length))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, length: off_t) -> c_int {
    let real = real!("ftruncate64" as extern "C" fn(c_int, off_t) -> c_int);
    let call = Call { op: TRUNCATE, length: length as u64, ..Call::default() };
    on_file(fd, Kind::Other, call, || real(fd, length))
}

fn allocated(fd: c_int, mode: c_int, offset: off_t, length: off_t) -> Call<'static> {
    let _ = fd;
    Call {
        op: ALLOCATE,
        offset: offset as u64,
        length: length as u64,
        flags: mode as u32,
        ..Call::default()
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn fallocate(fd: c_int, mode: c_int, at: off_t, length: off_t) -> c_int {
    let real = real!("fallocate" as extern "C" fn(c_int, c_int, off_t, off_t) -> c_int);
    on_file(fd, Kind::Space, allocated(fd, mode, at, length), || real(fd, mode, at, length))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn fallocate64(fd: c_int, mode: c_int, at: off_t, length: off_t) -> c_int {
    let real = real!("fallocate64" as extern "C" fn(c_int, c_int, off_t, off_t) -> c_int);
    on_file(fd, Kind::Space, allocated(fd, mode, at, length), || real(fd, mode, at, length))
}

/// `posix_fallocate` returns the error instead of setting it.
fn posix_allocated(fd: c_int, at: off_t, length: off_t, real: impl Fn() -> c_int) -> c_int {
    let done = on_file(fd, Kind::Space, allocated(fd, 0, at, length), || match real() {
        0 => 0,
        error => {
            set_errno(error);
            -1
        }
    });
    if done == 0 { 0 } else { errno() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_fallocate(fd: c_int, at: off_t, length: off_t) -> c_int {
    let real = real!("posix_fallocate" as extern "C" fn(c_int, off_t, off_t) -> c_int);
    posix_allocated(fd, at, length, || real(fd, at, length))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_fallocate64(fd: c_int, at: off_t, length: off_t) -> c_int {
    let real = real!("posix_fallocate64" as extern "C" fn(c_int, off_t, off_t) -> c_int);
    posix_allocated(fd, at, length, || real(fd, at, length))
}

/// Does and records a sync: delayed, and without holding others up.
fn synced(fd: c_int, flags: u32, real: impl Fn() -> c_int) -> c_int {
    let Some((state, path)) = watched(fd) else { return real() };
    let failure = state.before(Kind::Sync, &path);
    let inode = inode_of(fd).0;
    let offset = state.syncs.fetch_add(1, Ordering::SeqCst);
    let begins = Call { op: SYNC_BEGINS, inode, offset, flags, path: &path, ..Call::default() };
    state.record(&begins, 0);
    if state.settings.sync_delay_us > 0 {
        // SAFETY: only waits.
        unsafe { libc::usleep(state.settings.sync_delay_us) };
    }
    let done = match failure {
        Some(error) => {
            set_errno(error);
            -1
        }
        None => real(),
    };
    state.record(&Call { op: SYNC_RETURNED, ..begins }, i64::from(done));
    done
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    let real = real!("fsync" as extern "C" fn(c_int) -> c_int);
    synced(fd, 0, || real(fd))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    let real = real!("fdatasync" as extern "C" fn(c_int) -> c_int);
    synced(fd, 1, || real(fd))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn sync_file_range(
    fd: c_int,
    offset: off_t,
    length: off_t,
    flags: c_uint,
) -> c_int {
    let real = real!("sync_file_range" as extern "C" fn(c_int, off_t, off_t, c_uint) -> c_int);
    let call = Call {
        op: SYNC_RANGE,
        offset: offset as u64,
        length: length as u64,
        flags,
        ..Call::default()
    };
    on_file(fd, Kind::Other, call, || real(fd, offset, length, flags))
}

/// Does and records a call on names.
fn on_names(
    op: u8,
    kind: Kind,
    first: Option<Vec<u8>>,
    second: Option<Vec<u8>>,
    real: impl Fn() -> c_int,
) -> c_int {
    let Some((state, path)) = state().zip(first) else { return real() };
    let second = second.unwrap_or_default();
    if !state.watches(&path) && !state.watches(&second) {
        return real();
    }
    let failure = state.before(kind, &path);
    let mut files = state.files();
    let done = match failure {
        Some(error) => {
            set_errno(error);
            -1
        }
        None => real(),
    };
    let call = Call { op, path: &path, second: &second, ..Call::default() };
    state.record(&call, i64::from(done));
    if op == RENAME && done == 0 {
        rename_open(&mut files, &path, &second);
    }
    done
}

/// Follows a rename in the names of open files, also of those below a renamed folder.
fn rename_open(files: &mut HashMap<c_int, Vec<u8>>, from: &[u8], to: &[u8]) {
    for path in files.values_mut() {
        let below =
            path.strip_prefix(from).filter(|rest| matches!(rest.first(), None | Some(b'/')));
        if let Some(rest) = below {
            *path = [to, rest].concat();
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let real = real!("rename" as extern "C" fn(*const c_char, *const c_char) -> c_int);
    let (first, second) = (absolute(libc::AT_FDCWD, from), absolute(libc::AT_FDCWD, to));
    on_names(RENAME, Kind::Other, first, second, || real(from, to))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn renameat(
    from_dir: c_int,
    from: *const c_char,
    to_dir: c_int,
    to: *const c_char,
) -> c_int {
    let real =
        real!("renameat" as extern "C" fn(c_int, *const c_char, c_int, *const c_char) -> c_int);
    let (first, second) = (absolute(from_dir, from), absolute(to_dir, to));
    on_names(RENAME, Kind::Other, first, second, || real(from_dir, from, to_dir, to))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    let real = real!("unlink" as extern "C" fn(*const c_char) -> c_int);
    on_names(UNLINK, Kind::Other, absolute(libc::AT_FDCWD, path), None, || real(path))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlinkat(dir: c_int, path: *const c_char, flags: c_int) -> c_int {
    let real = real!("unlinkat" as extern "C" fn(c_int, *const c_char, c_int) -> c_int);
    let op = if flags & libc::AT_REMOVEDIR != 0 { RMDIR } else { UNLINK };
    on_names(op, Kind::Other, absolute(dir, path), None, || real(dir, path, flags))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    let real = real!("rmdir" as extern "C" fn(*const c_char) -> c_int);
    on_names(RMDIR, Kind::Other, absolute(libc::AT_FDCWD, path), None, || real(path))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    let real = real!("mkdir" as extern "C" fn(*const c_char, mode_t) -> c_int);
    on_names(MKDIR, Kind::Space, absolute(libc::AT_FDCWD, path), None, || real(path, mode))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdirat(dir: c_int, path: *const c_char, mode: mode_t) -> c_int {
    let real = real!("mkdirat" as extern "C" fn(c_int, *const c_char, mode_t) -> c_int);
    on_names(MKDIR, Kind::Space, absolute(dir, path), None, || real(dir, path, mode))
}
