#pragma once

#include <rota/config.hpp>
#include <rota/core/blocking_wait.hpp>
#include <rota/core/instant.hpp>
#include <rota/core/list.hpp>

#include <sched.h>

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace rota::inline v0 {

/// The threads of a runtime that call what blocks. Any thread.
///
/// Rules
///   1. A wait stands in the queue until a thread takes it or a stop withdraws it, both under the
///      mutex; whoever took it out ends it, once.
///   2. A thread begins when something waits that no idle one will take, up to the limit, and ends
///      when nothing came for `idle`. Nothing waits while a thread is idle.
///   3. A system that refuses a thread makes things slow; only if there is none at all do the calls
///      that wait fail.
///   4. Threads are detached. The destructor waits until the last is past its last use of this.
///
/// The queue is intrusive: it is as long as there are tasks that wait in it.
class BlockingThreads {
 public:
  explicit BlockingThreads(const BlockingConfig& config) noexcept;
  ~BlockingThreads();
  BlockingThreads(const BlockingThreads&) = delete;
  BlockingThreads& operator=(const BlockingThreads&) = delete;

  /// True: its task waits. False: it failed.
  [[nodiscard]] bool submit(BlockingWait& wait) noexcept;
  /// False: it has begun, and ends by itself.
  [[nodiscard]] bool withdraw(BlockingWait& wait) noexcept;

  struct Use {
    std::size_t threads = 0;
    std::size_t waiting = 0;
    Duration oldest_wait;  ///< how long the first in the queue has stood there
  };
  [[nodiscard]] Use use() const noexcept;

 private:
  [[nodiscard]] bool start_thread() noexcept;
  void run() noexcept;
  [[nodiscard]] BlockingWait* next(std::unique_lock<std::mutex>& lock) noexcept;
  void take(BlockingWait& wait) noexcept;

  const std::size_t limit_;
  const Duration idle_;
  cpu_set_t cpus_;  // of whoever made the runtime: a worker that starts a thread may be pinned
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable ended_;
  // All under mutex_.
  LinkedList<BlockingWait> queue_;
  std::size_t waiting_ = 0;
  std::size_t threads_ = 0;
  std::size_t idle_threads_ = 0;
  bool stopping_ = false;
};

}  // namespace rota::inline v0
