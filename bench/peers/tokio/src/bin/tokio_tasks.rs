//! tokio's tasks: spawn and join, yield, channel ping-pong. Without `--threads N` on one thread
//! (current_thread), with it on so many workers (multi_thread). As in bench/raw/task_work.hpp,
//! passes follow one warm-up pass until enough time has gone by.

use rota_bench_tokio::{cpu_ns, report, report_both, runtime, threads, wall_ns};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{mpsc, Mutex};

const SPAWNS: u64 = 100_000;
const YIELDERS: u64 = 1000;
const YIELDS: u64 = 1000;
const ROUND_TRIPS: u64 = 50_000;
const LOCKS: u64 = 200_000;
const WINDOW_NS: u64 = 100_000_000;

async fn spawn_join() {
    for _ in 0..SPAWNS {
        tokio::spawn(async {}).await.unwrap();
    }
}

async fn yield_in_turn() {
    let handles: Vec<_> = (0..YIELDERS)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..YIELDS {
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

/// A round is there and back: two messages over two channels of capacity 1.
async fn channel_ping_pong() {
    let (ping, mut pinged) = mpsc::channel::<u64>(1);
    let (pong, mut ponged) = mpsc::channel::<u64>(1);
    let echo = tokio::spawn(async move {
        while let Some(value) = pinged.recv().await {
            pong.send(value).await.unwrap();
        }
    });
    for value in 0..ROUND_TRIPS {
        ping.send(value).await.unwrap();
        assert_eq!(ponged.recv().await, Some(value));
    }
    drop(ping);
    echo.await.unwrap();
}

async fn lock_among(tasks: u64) {
    let count = Arc::new(Mutex::new(0u64));
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            let count = count.clone();
            tokio::spawn(async move {
                for _ in 0..LOCKS {
                    *count.lock().await += 1;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(*count.lock().await, tasks * LOCKS);
}

async fn measure<F: Future<Output = ()>>(name: &str, operations: u64, work: impl Fn() -> F) {
    work().await;
    let (cpu, wall) = (cpu_ns(), wall_ns());
    let mut passes = 0;
    while passes == 0 || wall_ns() - wall < WINDOW_NS {
        work().await;
        passes += 1;
    }
    let done = passes * operations;
    if threads().unwrap_or(1) > 1 {
        report_both(name, done, cpu_ns() - cpu, wall_ns() - wall);
    } else {
        report(name, done, cpu_ns() - cpu);
    }
}

fn main() {
    runtime(threads()).block_on(async {
        // Inside a task of its own, as a program's work is: the outermost future is polled
        // differently.
        tokio::spawn(async {
            measure("spawn_join", SPAWNS, spawn_join).await;
            measure("yield_1000", YIELDERS * YIELDS, yield_in_turn).await;
            measure("channel_ping_pong", 2 * ROUND_TRIPS, channel_ping_pong).await;
            let tasks = threads().unwrap_or(1) as u64;
            measure("mutex", tasks * LOCKS, || lock_among(tasks)).await;
        })
        .await
        .unwrap();
    });
}
