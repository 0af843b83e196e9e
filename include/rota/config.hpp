#pragma once

#include <rota/core/build_mark.hpp>
#include <rota/core/limits.hpp>

#include <cstdint>

namespace rota::inline v0 {

/// How operations reach the kernel. `best` probes the machine, best first. Under `sim` time is
/// virtual and a seed decides what real life leaves open; the workers of every scheduler share the
/// thread that calls `block_on`, and the seed decides which of them goes on.
enum class DriverKind : std::uint8_t { best, select, poll, epoll, linux_aio, io_uring, sim };

/// How an io_uring is set up. Where the kernel refuses one, what it has that comes nearest.
enum class RingProfile : std::uint8_t {
  best,     ///< pinned, and movable where workers steal: with a pinned ring nobody can see to the
            ///< I/O of a worker in a long task
  pinned,   ///< SINGLE_ISSUER, DEFER_TASKRUN: the fastest, and bound to one thread
  movable,  ///< COOP_TASKRUN: another thread may take it over
  sqpoll,   ///< SQPOLL: a thread of the kernel, one for all workers, starts and completes what is
            ///< asked for, whatever the worker's thread does, be it a page fault. It takes a CPU
            ///< while there is anything to do, and acts with the credentials that the program had
            ///< when the runtime was made. Refused: movable
};

/// How calls on files reach the kernel: readiness has no meaning for them. What an engine has no
/// call for goes to its blocking pool.
enum class FileEngineKind : std::uint8_t {
  best,           ///< io_uring: its ring. Else as linux_aio, or as blocking_pool where the kernel
                  ///< refuses that; its context is made when the first file needs it
  blocking_pool,  ///< threads that make the plain calls
  linux_aio,      ///< io_submit(2): reads and writes of files that were opened for direct I/O, and
                  ///< fsync. What is buffered would block in the submission: it goes to the pool
  io_uring,       ///< a ring for files alone, beside a driver that waits for readiness: sockets
                  ///< then depend on no thread, and files on none of a pool. Under io_uring as
                  ///< `best`
  posix_aio,      ///< aio_read(3) and its kin: threads of the C library. glibc has 20 of them for
                  ///< the whole process, and runs one request of a file at a time
};

/// How a ring of files (FileEngineKind::io_uring beside a driver that waits for readiness) hears
/// that a direct transfer is done. To ask the device takes queues that it has set apart for that
/// (nvme.poll_queues, for one); where it has none, or the file system knows no asking, an interrupt
/// tells.
enum class DevicePolling : std::uint8_t {
  never,   ///< by an interrupt
  busy,    ///< it asks (IORING_SETUP_IOPOLL). While a direct transfer is in flight the worker does
           ///< not sleep
  hybrid,  ///< the same, and each time the kernel first sleeps for half as long as such transfers
           ///< take, and with it the worker (Linux 6.13). Refused: busy
};

/// How `posix_aio` is told that a request has ended.
enum class AioNotification : std::uint8_t {
  none,    ///< it is not: a thread of each worker waits for what is in flight (aio_suspend)
  signal,  ///< SIGURG, or else SIGIO: one that the program neither handles nor ignores, then or
           ///< later. Calls of its threads that SA_RESTART does not restart end with EINTR
  thread,  ///< a thread for each request that ends. The C library says nothing if it cannot start
           ///< one, and the request is then noticed with the next
};

/// A release of the kernel, by its two first numbers: Debian 12's is {6, 1}.
struct KernelRelease {
  std::uint16_t version = 0;
  std::uint16_t patchlevel = 0;

  friend constexpr bool operator==(KernelRelease, KernelRelease) = default;
  friend constexpr bool operator<(KernelRelease left, KernelRelease right) noexcept {
    return left.version != right.version ? left.version < right.version
                                         : left.patchlevel < right.patchlevel;
  }
};

/// What a driver is made of. Every limit has a default that is safe and fast.
struct DriverConfig {
  DriverKind kind = DriverKind::best;
  RingProfile ring = RingProfile::best;
  FileEngineKind files = FileEngineKind::best;
  AioNotification aio_notification = AioNotification::none;
  DevicePolling device_polling = DevicePolling::never;
  std::uint32_t ring_entries = 256;           ///< submission queue; a power of two is best
  std::uint32_t completion_entries = 4096;    ///< completion queue
  std::uint32_t bounded_ring_workers = 4;     ///< io-wq threads for file work
  std::uint32_t unbounded_ring_workers = 16;  ///< io-wq threads for what may block for ever
  std::uint32_t sqpoll_idle_ms = 10;          ///< sqpoll: without work for so long its thread goes
                                              ///< to sleep, and the next operation wakes it. In
                                              ///< ticks of the kernel, rounded up; 0: a second
  int sqpoll_cpu = -1;                        ///< sqpoll: where its thread runs; -1, or a CPU that
                                              ///< is refused: anywhere
  std::uint32_t napi_busy_poll_us = 0;        ///< io_uring, epoll (Linux 6.9): a wait first polls
                                              ///< the queues of the network cards by which data
                                              ///< came to its sockets, for so long. 0, or where it
                                              ///< is refused: it sleeps at once
  std::uint32_t min_wait_us = 0;              ///< io_uring (Linux 6.12): a wait goes on for so long
                                              ///< after it began, for up to 32 completions, before
                                              ///< one is enough. Fewer turns, later answers: wakes
                                              ///< of other threads wait as well, timers do not. 0,
                                              ///< or where it is refused: one is enough
  bool message_wakes = false;                 ///< io_uring (Linux 6.13): who wakes a worker sends
                                              ///< its ring a message. Else, or where it is
                                              ///< refused: through an eventfd that the ring polls
  std::uint32_t blocking_threads = 4;         ///< threads of a worker for its files, on drivers
                                              ///< that have no other way
  std::uint64_t seed = 1;                     ///< sim: everything that real life leaves open;
                                              ///< 0 draws one, which driver_reason() tells
  KernelRelease as_kernel;                    ///< io_uring: what came after this release is not
                                              ///< used, so that a newer kernel shows what a
                                              ///< program has on it. {}: everything is
};

/// Which worker runs a task, and whether that may change.
/// - `single`: one worker, on the thread that calls `block_on`. Tasks never overlap.
/// - `per_core`: workers that share nothing, each on a thread of its own. A task stays where it was
///   spawned, and those of one worker never overlap.
/// - `stealing`: workers that take from each other what is ready. A task may go on on another
///   thread after each wait, and tasks run in parallel.
enum class SchedulerKind : std::uint8_t { single, per_core, stealing };

/// When the thread of a worker is bound to a CPU.
enum class Pinning : std::uint8_t {
  best,  ///< per_core: `own_cpu`. stealing, whose tasks go to whoever has time: `never`
  never,
  own_cpu,  ///< where each has one to itself and no quota says that others use it too: a pinned
            ///< worker that waits for its CPU is not moved to one that is free
  always,   ///< more workers than CPUs share them in turn
};

/// What a worker does that has nothing to run. It is a matter of latency and of CPU time only.
/// Every driver has all three, and `sim`, whose waits take no time, blocks in each.
enum class Waiting : std::uint8_t {
  block,            ///< sleeps in its driver at once: an idle runtime costs nothing
  spin_then_block,  ///< first looks for work for a while, `spin_us`, and then sleeps for good. What
                    ///< comes meanwhile costs nobody a wake
  busy_poll,        ///< never sleeps: nobody ever wakes it, and each worker takes a CPU for itself.
                    ///< With as many workers as the process may use CPUs, or more, an idle one
                    ///< lets other threads run every few µs (sched_yield)
};

/// What runs the tasks.
struct SchedulerConfig {
  SchedulerKind kind = SchedulerKind::single;
  std::uint32_t workers = 0;  ///< at most `most_workers`, else `Runtime::make` fails with EINVAL;
                              ///< 0: as many as this process may use CPUs; `sim`: 4 anywhere.
                              ///< `single` has one
  Pinning pinning = Pinning::best;
  std::uint32_t watch_us = 1000;     ///< stealing: a task that runs for longer has its worker's
                                     ///< I/O and timers seen to by another; 0: never, and what
                                     ///< it has left ready waits for it. So it is where the
                                     ///< kernel refuses membarrier(2)
  std::uint32_t steal_one_us = 100;  ///< stealing: from a worker whose tasks run for longer on
                                     ///< average a thief takes one, else half; 0: always half
  Waiting waiting = Waiting::block;
  std::uint32_t spin_us = 0;  ///< spin_then_block: 0 is twice the cost of a wake, which is measured
                              ///< once, and at most 50; and no spin where there are as many workers
                              ///< as CPUs, since it takes the CPU that somebody with work needs
};

/// The threads that `blocking` calls functions on. None is there before it is needed.
struct BlockingConfig {
  std::uint32_t threads = 64;      ///< at the most; at least one
  std::uint32_t idle_ms = 10'000;  ///< one without work for so long ends
};

/// Whether what is left open follows what calls cost on this machine (measurements.hpp).
enum class Measuring : std::uint8_t {
  off,   ///< no: nothing is read or measured at the start, but a wake where `spin_us` needs it
  kept,  ///< by what was measured before and kept, or else once now, for some milliseconds, and
         ///< kept for later: how long a spin is where `spin_us` is 0, and whether a lone read of a
         ///< file is tried before it goes to a ring
};

/// What a runtime is made of, chosen once.
struct Config {
  DriverConfig driver;
  SchedulerConfig scheduler;
  BlockingConfig blocking;
  Measuring measuring = Measuring::off;
};

}  // namespace rota::inline v0
