//! What the measurements share: one line of JSON per figure.

use std::mem;

fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid timespec for the call to fill.
    unsafe { libc::clock_gettime(clock, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// CPU time of the process.
pub fn cpu_ns() -> u64 {
    clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// Monotonic time.
pub fn wall_ns() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

pub fn report(name: &str, operations: u64, spent_ns: u64) {
    println!(
        "{{\"name\":\"{name}\",\"operations\":{operations},\"ns_per_op\":{:.3}}}",
        spent_ns as f64 / operations as f64
    );
}

/// CPU time of the process and wall time: for what several threads do.
pub fn report_both(name: &str, operations: u64, cpu_ns: u64, wall_ns: u64) {
    println!(
        "{{\"name\":\"{name}\",\"operations\":{operations},\"ns_per_op\":{:.3},\
         \"wall_ns_per_op\":{:.3}}}",
        cpu_ns as f64 / operations as f64,
        wall_ns as f64 / operations as f64
    );
}

/// `--threads N`, if it is there.
pub fn threads() -> Option<usize> {
    let mut words = std::env::args().skip_while(|word| word != "--threads").skip(1);
    words.next().map(|count| count.parse().expect("--threads takes a number"))
}

/// A runtime of so many worker threads or, with none, one that runs on the thread that blocks on
/// it. It has its I/O and timers, as in a program that needs them, so it sleeps in epoll_wait.
pub fn runtime(workers: Option<usize>) -> tokio::runtime::Runtime {
    let mut builder = match workers {
        Some(count) => {
            let mut several = tokio::runtime::Builder::new_multi_thread();
            several.worker_threads(count);
            several
        }
        None => tokio::runtime::Builder::new_current_thread(),
    };
    builder.enable_all().build().expect("a runtime")
}

/// The first two CPUs that the calling thread may use.
pub fn two_cpus() -> (usize, usize) {
    // SAFETY: a cpu_set_t is an array of bits, all zero is a valid one, and the call fills it.
    let allowed = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        assert_eq!(libc::sched_getaffinity(0, mem::size_of_val(&set), &mut set), 0);
        set
    };
    // SAFETY: the number is below the size of the set.
    let is_allowed = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &allowed) };
    let mut cpus = (0..libc::CPU_SETSIZE as usize).filter(is_allowed);
    let first = cpus.next().expect("a CPU");
    (first, cpus.next().expect("two CPUs are needed"))
}

/// Binds the calling thread, and what it starts, to one CPU.
pub fn pin_to(cpu: usize) {
    // SAFETY: as above.
    unsafe {
        let mut only: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(cpu, &mut only);
        assert_eq!(libc::sched_setaffinity(0, mem::size_of_val(&only), &only), 0);
    }
}
