//! What the measurements share: one line of JSON per figure.

/// CPU time of the process: the current_thread runtime has no other thread that works.
pub fn cpu_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid timespec for the call to fill.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

pub fn report(name: &str, operations: u64, spent_ns: u64) {
    println!(
        "{{\"name\":\"{name}\",\"operations\":{operations},\"ns_per_op\":{:.3}}}",
        spent_ns as f64 / operations as f64
    );
}
