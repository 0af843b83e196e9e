//! Random 4 KiB reads at queue depths 1, 32 and 128, as bench/rota/files.cpp makes them. tokio has
//! no call for a read at an offset: like the ones that it has for files, this one is made on a
//! thread for blocking calls. The file is read once in full before each depth.
//!
//!     tokio_files FILE

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::sync::Arc;

use rota_bench_tokio::{cpu_ns, report_both, runtime, wall_ns};
use tokio::task::{spawn_blocking, LocalSet};

const BLOCK_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 128 * BLOCK_BYTES;
const READS: u64 = 400_000;

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

struct ReadRun {
    file: Arc<File>,
    blocks: u64,
    begun: Cell<u64>,
    random: RefCell<Random>,
}

fn warm(run: &ReadRun) {
    let mut chunk = vec![0; CHUNK_BYTES];
    for at in (0..run.blocks * BLOCK_BYTES as u64).step_by(CHUNK_BYTES) {
        run.file.read_at(&mut chunk, at).expect("read");
    }
}

async fn read_blocks(run: Rc<ReadRun>) {
    let mut block = vec![0; BLOCK_BYTES];
    while run.begun.get() < READS {
        run.begun.set(run.begun.get() + 1);
        let at = run.random.borrow_mut().next() % run.blocks * BLOCK_BYTES as u64;
        let file = Arc::clone(&run.file);
        block = spawn_blocking(move || {
            file.read_exact_at(&mut block, at).expect("read");
            block
        })
        .await
        .expect("the thread for blocking calls");
    }
}

async fn measure(name: &str, depth: usize, file: &Arc<File>, blocks: u64) {
    let run = Rc::new(ReadRun {
        file: Arc::clone(file),
        blocks,
        begun: Cell::new(0),
        random: RefCell::new(Random(4)),
    });
    warm(&run);
    let (cpu, wall) = (cpu_ns(), wall_ns());
    let local = LocalSet::new();
    for _ in 0..depth {
        local.spawn_local(read_blocks(Rc::clone(&run)));
    }
    local.await;
    report_both(name, READS, cpu_ns() - cpu, wall_ns() - wall);
}

fn main() {
    let name = std::env::args().nth(1).expect("usage: tokio_files FILE");
    let file = Arc::new(File::open(name).expect("the file"));
    let blocks = file.metadata().expect("the file").len() / BLOCK_BYTES as u64;
    assert!(blocks > 0, "the file has less than a block");
    runtime(None).block_on(async {
        measure("read_qd1", 1, &file, blocks).await;
        measure("read_qd32", 32, &file, blocks).await;
        measure("read_qd128", 128, &file, blocks).await;
    });
}
