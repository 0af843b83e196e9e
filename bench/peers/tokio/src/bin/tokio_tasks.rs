//! tokio's tasks on one thread (current_thread): spawn and join, yield, channel ping-pong.
//! Each figure is taken after one warm-up pass.

use rota_bench_tokio::{cpu_ns, report};
use tokio::sync::mpsc;

async fn spawn_join(rounds: u64) {
    for _ in 0..rounds {
        tokio::spawn(async {}).await.unwrap();
    }
}

async fn yield_in_turn(tasks: u64, rounds: u64) {
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..rounds {
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
async fn channel_ping_pong(rounds: u64) {
    let (ping, mut pinged) = mpsc::channel::<u64>(1);
    let (pong, mut ponged) = mpsc::channel::<u64>(1);
    let echo = tokio::spawn(async move {
        while let Some(value) = pinged.recv().await {
            pong.send(value).await.unwrap();
        }
    });
    for value in 0..rounds {
        ping.send(value).await.unwrap();
        assert_eq!(ponged.recv().await, Some(value));
    }
    drop(ping);
    echo.await.unwrap();
}

async fn all(measured: bool) {
    let spawns = 1_000_000;
    let begin = cpu_ns();
    spawn_join(spawns).await;
    let spawned = cpu_ns();
    let (tasks, rounds) = (1_000, 2_000);
    yield_in_turn(tasks, rounds).await;
    let yielded = cpu_ns();
    let trips = 500_000;
    channel_ping_pong(trips).await;
    let ponged = cpu_ns();
    if measured {
        report("spawn_join", spawns, spawned - begin);
        report("yield_1000", tasks * rounds, yielded - spawned);
        report("channel_ping_pong", 2 * trips, ponged - yielded);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Inside a task of its own, as a program's work is: the outermost future is polled differently.
    tokio::spawn(async {
        all(false).await;
        all(true).await;
    })
    .await
    .unwrap();
}
