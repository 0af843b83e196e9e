//! Wakes of an idle tokio runtime from a thread outside it, as bench/raw/wake_work.hpp has it.
//! Without `--threads N` the runtime is a current_thread one on a thread of its own.

use rota_bench_tokio::{pin_to, runtime, threads, two_cpus, wall_ns};
use std::future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;

const WARM_UP: usize = 50;
const WAKES: usize = 1000;
const PAUSE: Duration = Duration::from_micros(200);
const PATIENCE: usize = 25_000; // pauses

/// When the task ran; 0 while it has not.
static ARRIVED_NS: AtomicU64 = AtomicU64::new(0);

fn wake_ns(handle: &Handle) -> u64 {
    ARRIVED_NS.store(0, Ordering::Relaxed);
    thread::sleep(PAUSE);
    let begin = wall_ns();
    handle.spawn(async { ARRIVED_NS.store(wall_ns(), Ordering::Release) });
    for _ in 0..PATIENCE {
        thread::sleep(PAUSE);
        match ARRIVED_NS.load(Ordering::Acquire) {
            0 => continue,
            arrived => return arrived - begin,
        }
    }
    panic!("a task that was handed over did not run");
}

fn measure(name: &str, handle: &Handle) {
    for _ in 0..WARM_UP {
        wake_ns(handle);
    }
    let mut spans: Vec<u64> = (0..WAKES).map(|_| wake_ns(handle)).collect();
    spans.sort_unstable();
    println!(
        "{{\"name\":\"{name}\",\"operations\":{WAKES},\"p50_ns\":{},\"p99_ns\":{}}}",
        spans[WAKES / 2],
        spans[WAKES * 99 / 100]
    );
}

fn main() {
    let (workers_cpu, other_cpu) = two_cpus();
    pin_to(workers_cpu);
    let runtime = runtime(threads());
    let handle = runtime.handle().clone();
    if threads().is_none() {
        thread::spawn(move || runtime.block_on(future::pending::<()>()));
    } else {
        // Its threads are there and go on; dropping it would wait for them.
        std::mem::forget(runtime);
    }
    measure("wake_same_cpu", &handle);
    pin_to(other_cpu);
    measure("wake_other_cpu", &handle);
}
