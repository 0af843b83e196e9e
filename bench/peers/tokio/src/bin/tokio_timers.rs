//! tokio's timers: a million live `Sleep`s, registered by one poll each and dropped in an order
//! unrelated to that of their insertion. `Sleep`s are pinned in one allocation, so that allocating
//! them is not part of the figure.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rota_bench_tokio::{cpu_ns, report};
use tokio::time::{sleep, Sleep};

const TIMERS: usize = 1_000_000;

/// SplitMix64: enough disorder, and the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }
}

fn insert_and_cancel(context: &mut Context<'_>, measured: bool) {
    let mut random = Random(20);
    let delays: Vec<u64> = (0..TIMERS).map(|_| 1_000_000 + random.next() % 1_000_000).collect();
    let mut order: Vec<usize> = (0..TIMERS).collect();
    for i in (1..TIMERS).rev() {
        order.swap(i, (random.next() % (i as u64 + 1)) as usize);
    }
    let mut slots: Vec<Option<Sleep>> = Vec::with_capacity(TIMERS);
    let begin = cpu_ns();
    for delay_ms in delays {
        slots.push(Some(sleep(Duration::from_millis(delay_ms))));
        let timer = slots.last_mut().unwrap().as_mut().unwrap();
        // SAFETY: `slots` never grows beyond its capacity and is not moved from until its timers
        // are dropped in place below, so the timer stays where it is.
        let pinned = unsafe { Pin::new_unchecked(timer) };
        assert!(pinned.poll(context).is_pending());
    }
    let inserted = cpu_ns();
    for i in order {
        // Dropped in place by the assignment.
        slots[i] = None;
    }
    let cancelled = cpu_ns();
    if measured {
        report("timer_insert", TIMERS as u64, inserted - begin);
        report("timer_cancel", TIMERS as u64, cancelled - inserted);
    }
}

/// One pass as a future, since a timer registers with the runtime when it is polled.
struct Pass {
    measured: bool,
}

impl Future for Pass {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        insert_and_cancel(context, self.measured);
        Poll::Ready(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for measured in [false, true] {
        // The cooperative budget would turn later polls into Pending without registering.
        tokio::task::unconstrained(Pass { measured }).await;
    }
}
