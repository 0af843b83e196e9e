#include "driver/files/blocking_pool.hpp"

#include <rota/core/mpsc_stack.hpp>

#include "base/signals_blocked.hpp"
#include "driver/files/futex_waiter.hpp"
#include "driver/files/queue_stamp.hpp"
#include "driver/io_priority.hpp"
#include "driver/perform.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace rota::inline v0 {
namespace {

/// Operation::engine_bits: whether the operation may still be withdrawn. Written under the mutex;
/// it keeps the last value when the operation goes back, so that a late cancel does nothing.
enum PoolBits : std::uint8_t { pool_queued = 1, pool_taken = 2 };

/// Of the calling thread. Where the kernel refuses it, its calls are as urgent as before: a wish.
void set_own_priority(IoPriority priority) noexcept {
  static_cast<void>(
      ::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, int{kernel_priority(priority)}));
}

/// Shared between the carrier and the pool's threads: the queue and what is beside it, under the
/// mutex; `completed_`, which threads push to and the carrier empties. An operation belongs to
/// whoever took it out of the queue, until it was pushed to `completed_`.
///
/// The queue is intrusive: it is as long as there are operations waiting for their files. What
/// waits for a word of memory stands in no queue, and occupies none of its threads.
class BlockingPool final : public FileEngine {
 public:
  BlockingPool(EngineNotify notify, unsigned threads)
      : notify_(notify), limit_(std::max(threads, 1u)) {
    threads_.reserve(limit_);
  }

  ~BlockingPool() override {
    {
      const std::lock_guard lock(mutex_);
      assert(queue_.empty());
      stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void submit(OpList operations) override {
    std::size_t added = 0;
    const QueueStamp stamp = QueueStamp::now();
    OpList words;
    {
      const std::lock_guard lock(mutex_);
      while (Operation* operation = operations.pop_front()) {
        if (operation->code == OpCode::futex_wait) {
          words.push_back(*operation);
          continue;
        }
        operation->engine_bits = pool_queued;
        stamp.put_on(*operation);
        queue_.push_back(*operation);
        ++added;
      }
      waiting_ += added;
      start_carriers();
      if (threads_.empty()) refuse_queue();
    }
    for (; added > 0; --added) work_.notify_one();
    while (Operation* word = words.pop_front()) futexes_.add(static_cast<FutexWait&>(*word));
  }

  void cancel(Operation& operation) noexcept override {
    if (operation.code == OpCode::futex_wait) {
      return futexes_.cancel(static_cast<FutexWait&>(operation));
    }
    const std::lock_guard lock(mutex_);
    if (operation.engine_bits == pool_queued) withdraw(operation, -ECANCELED);
  }

  void cancel_all(const Descriptor& descriptor) noexcept override {
    const std::lock_guard lock(mutex_);
    Operation* following = nullptr;
    for (Operation* each = queue_.front(); each != nullptr; each = following) {
      following = each->next;
      if (each->descriptor == &descriptor) withdraw(*each, -ECANCELED);
    }
  }

  void reap(OpList& done) override {
    Operation* following = nullptr;
    for (Operation* each = completed_.take_all(); each != nullptr; each = following) {
      following = each->next;
      done.push_back(*each);
    }
  }

  EngineUse use() const noexcept override {
    const std::lock_guard lock(mutex_);
    const Operation* oldest = queue_.front();
    return {.threads = threads_.size() + futexes_.threads(),
            .waiting = waiting_,
            .oldest_wait = oldest == nullptr ? Duration() : QueueStamp::of(*oldest).age()};
  }

  std::string_view name() const noexcept override { return "blocking pool"; }

 private:
  /// One thread per waiting operation that no idle thread will take, up to the limit. Too few
  /// threads are a matter of speed only, so that a system which refuses one more is no error.
  void start_carriers() {
    while (waiting_ > idle_ + starting_ && threads_.size() < limit_) {
      if (!start_carrier()) return;
    }
  }

  /// The one place where a thread begins. Signals are for the program's own threads.
  bool start_carrier() {
    const SignalsBlocked blocked;
    try {
      threads_.emplace_back([this] { run(); });
      ++starting_;
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  /// Without any thread nothing would ever end: what was asked for fails as the thread did. A close
  /// must not fail, or its number stays open: the carrier waits for it.
  void refuse_queue() noexcept {
    while (Operation* operation = queue_.front()) {
      if (operation->code != OpCode::close) {
        withdraw(*operation, -EAGAIN);
        continue;
      }
      take(*operation);
      perform_blocking(*operation);
      complete(*operation);
    }
  }

  void withdraw(Operation& operation, std::int32_t error) noexcept {
    take(operation);
    conclude(operation, error);
    complete(operation);
  }

  void take(Operation& operation) noexcept {
    queue_.remove(operation);
    --waiting_;
    operation.engine_bits = pool_taken;
    operation.result = 0;
  }

  /// The last touch: the carrier may reap it at once.
  void complete(Operation& operation) noexcept {
    if (completed_.push(operation)) notify_();
  }

  void run() {
    IoPriority priority = IoPriority::normal;
    std::unique_lock lock(mutex_);
    --starting_;
    for (;;) {
      ++idle_;
      work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      --idle_;
      Operation* operation = queue_.front();
      if (operation == nullptr) return;
      take(*operation);
      lock.unlock();
      if (priority != operation->priority) {
        priority = operation->priority;
        set_own_priority(priority);
      }
      perform_blocking(*operation);
      complete(*operation);
      lock.lock();
    }
  }

  const EngineNotify notify_;
  const unsigned limit_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  OpList queue_;
  std::size_t waiting_ = 0;   ///< in the queue
  std::size_t idle_ = 0;      ///< threads that wait for work
  std::size_t starting_ = 0;  ///< threads that have not looked at the queue yet
  bool stopping_ = false;
  MpscStack<Operation> completed_;
  FutexWaiter futexes_{completed_, notify_};  ///< the carrier's
  std::vector<std::thread> threads_;  ///< the carrier's; added to under the mutex
};

}  // namespace

std::unique_ptr<FileEngine> make_blocking_pool(EngineNotify notify, unsigned threads) {
  return std::make_unique<BlockingPool>(notify, threads);
}

}  // namespace rota::inline v0
