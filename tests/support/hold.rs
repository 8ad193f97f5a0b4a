//! Keeps one thread of another process from running for a while, and nothing else of it.
//!
//! `hold TID MS` prints the first and the last moment, in milliseconds since 1970, between which the thread certainly stood still. Where
//! this program is killed, the system lets the thread go on. Linux; needs the right to trace that process. Built and run by outside.mjs.

use std::io::{Error, Result};
use std::os::raw::{c_int, c_long};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

// From <sys/ptrace.h> and <sys/wait.h>.
const SEIZE: c_int = 0x4206;
const INTERRUPT: c_int = 0x4207;
const DETACH: c_int = 17;
const EVENT_STOP: c_int = 128;
const WALL: c_int = 0x4000_0000;

unsafe extern "C" {
    fn ptrace(request: c_int, tid: c_int, address: c_long, data: c_long) -> c_long;
    fn waitpid(tid: c_int, status: *mut c_int, options: c_int) -> c_int;
}

fn trace(request: c_int, tid: c_int, data: c_long) -> Result<()> {
    // SAFETY: none of the requests made here reads or writes through its arguments.
    let told = unsafe { ptrace(request, tid, 0, data) };
    if told == -1 { Err(Error::last_os_error()) } else { Ok(()) }
}

/// Waits until the thread stands still. Returns the signal that must be passed on to it when it is let go, or 0.
fn stopped(tid: c_int) -> Result<c_long> {
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    if unsafe { waitpid(tid, &raw mut status, WALL) } == -1 {
        return Err(Error::last_os_error());
    }
    // Ended, not stopped.
    if status & 0xff != 0x7f {
        return Err(Error::other("the thread has ended"));
    }
    // A signal that arrived just then stops it too, and is held back until it goes on.
    let signal = if status >> 16 == EVENT_STOP { 0 } else { (status >> 8) & 0xff };
    Ok(c_long::from(signal))
}

fn epoch_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

fn main() -> Result<()> {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let &[tid, ms] = numbers.as_slice() else {
        return Err(Error::other("usage: hold TID MS"));
    };
    let tid = c_int::try_from(tid).map_err(Error::other)?;
    trace(SEIZE, tid, 0)?;
    trace(INTERRUPT, tid, 0)?;
    let signal = stopped(tid)?;
    let start = epoch_ms();
    std::thread::sleep(Duration::from_millis(ms));
    let end = epoch_ms();
    trace(DETACH, tid, signal)?;
    println!("{start:.3} {end:.3}");
    Ok(())
}
