//! Keeps processors busy with processes that do nothing else, and that end by themselves: whoever started them may get no turn before they have.
//!
//! `hogs COUNT MS NICE` prints the first and the last moment, in milliseconds since 1970, between which each of them was at work, the niceness that the first
//! really had, and the processor time that they had between them, each in all its life, in ms. Linux; a niceness below 0 needs the right to it, else they run without.
//! Built and run by outside.mjs.

use std::fs;
use std::io::{Error, Result};
use std::os::raw::{c_int, c_long, c_uint, c_void};
use std::process::exit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

// From <sys/mman.h> and <sys/resource.h>.
const READ_WRITE: c_int = 3;
const SHARED_ANONYMOUS: c_int = 0x21;
const PRIO_PROCESS: c_int = 0;

/// After this long they end, whatever has become of the others, in ms.
const LIMIT_MS: f64 = 10_000.0;

unsafe extern "C" {
    fn mmap(at: *mut c_void, bytes: usize, protection: c_int, flags: c_int, file: c_int, offset: c_long) -> *mut c_void;
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn setsid() -> c_int;
    fn setpriority(which: c_int, who: c_uint, niceness: c_int) -> c_int;
}

/// What one of them tells all others, as the bits of doubles; 0 is nothing yet.
#[derive(Default)]
struct Told {
    start_ms: AtomicU64,
    end_ms: AtomicU64,
    niceness: AtomicU64,
    cpu_ms: AtomicU64,
}

fn tell(to: &AtomicU64, value: f64) {
    to.store(value.to_bits(), Ordering::Release);
}

fn heard(from: &AtomicU64) -> f64 {
    f64::from_bits(from.load(Ordering::Acquire))
}

fn epoch_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// The nth word of a file, as a number.
fn number(file: &str, nth: usize) -> f64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace()
        .nth(nth)
        .and_then(|word| word.parse().ok())
        .unwrap_or(f64::NAN)
}

/// Processor time so far, in ms.
fn ran_ms() -> f64 {
    number("/proc/self/schedstat", 0) / 1e6
}

/// Gives this process the niceness, and a session of its own: the system shares processors between sessions first, and the browser is one.
fn go_before(niceness: c_int) {
    // SAFETY: they change nothing but this process's own place among the others.
    let apart = unsafe {
        setpriority(PRIO_PROCESS, 0, niceness);
        setsid() != -1
    };
    // The session has a niceness as well.
    if apart {
        let _ = fs::write("/proc/self/autogroup", niceness.to_string());
    }
}

/// One of them: is at work until all have been together for `ms`.
fn hog(all: &[Told], nth: usize, ms: f64, niceness: c_int) {
    go_before(niceness);
    let (start, before) = (epoch_ms(), ran_ms());
    tell(&all[nth].start_ms, start);
    let mut end = start;
    while end < start + LIMIT_MS && !all.iter().all(|one| (1.0..=end - ms).contains(&heard(&one.start_ms))) {
        end = epoch_ms();
    }
    tell(&all[nth].niceness, number("/proc/self/stat", 18));
    tell(&all[nth].cpu_ms, ran_ms() - before);
    tell(&all[nth].end_ms, end);
}

fn main() -> Result<()> {
    let numbers: Vec<c_int> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let &[count @ 1..=64, ms, niceness] = numbers.as_slice() else {
        return Err(Error::other("usage: hogs COUNT MS NICE"));
    };
    let (count, ms) = (count.unsigned_abs() as usize, f64::from(ms));
    // SAFETY: a fresh mapping, which nobody takes away again. It is zeroed, and zeros are a `Told`.
    let all: &[Told] = unsafe {
        let at = mmap(std::ptr::null_mut(), count * size_of::<Told>(), READ_WRITE, SHARED_ANONYMOUS, -1, 0);
        if at.addr() == usize::MAX {
            return Err(Error::last_os_error());
        }
        std::slice::from_raw_parts(at.cast(), count)
    };
    // Or the first would keep this process from starting the others.
    go_before(niceness);
    let mut hogs = Vec::new();
    for nth in 0..count {
        // SAFETY: this process has one thread, so its copy is whole.
        match unsafe { fork() } {
            -1 => return Err(Error::last_os_error()),
            0 => {
                hog(all, nth, ms, niceness);
                exit(0);
            }
            pid => hogs.push(pid),
        }
    }
    for pid in hogs {
        // SAFETY: nothing is written where there is no address.
        unsafe { waitpid(pid, std::ptr::null_mut(), 0) };
    }
    let start = all.iter().map(|one| heard(&one.start_ms)).fold(0.0, f64::max);
    let end = all.iter().map(|one| heard(&one.end_ms)).fold(f64::INFINITY, f64::min);
    let cpu: f64 = all.iter().map(|one| heard(&one.cpu_ms)).sum();
    if end < start + ms {
        return Err(Error::other("a process that should keep a core busy has ended"));
    }
    println!("{start:.3} {end:.3} {} {cpu:.3}", heard(&all[0].niceness));
    Ok(())
}
