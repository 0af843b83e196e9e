#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/operation.hpp>

#include "driver/files/file_engine.hpp"
#include "driver/files/queue_stamp.hpp"
#include "driver/perform.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// What waits in an engine, in order, until its mechanism has room. The carrier's; any thread may
/// ask `add_to` what `show` has shown.
class EngineLine {
 public:
  [[nodiscard]] bool empty() const noexcept { return operations_.empty(); }
  [[nodiscard]] Operation* front() const noexcept { return operations_.front(); }

  void push(Operation& operation, QueueStamp since) noexcept {
    since.put_on(operation);
    operations_.push_back(operation);
    count_ += 1;
  }

  Operation& pop() noexcept {
    Operation& first = *operations_.pop_front();
    left(first);
    return first;
  }

  /// What was popped and found no room: before all others.
  void put_back(OpList earlier) noexcept {
    const QueueStamp stamp = QueueStamp::now();
    for (Operation* each = earlier.front(); each != nullptr; each = each->next) {
      stamp.put_on(*each);
      count_ += 1;
    }
    earlier.append(std::move(operations_));
    operations_ = std::move(earlier);
  }

  /// Ends it for `done`, and shows that. False: it does not wait here.
  [[nodiscard]] bool withdraw(const Operation& operation, OpList& done) noexcept {
    Operation* each = operations_.front();
    while (each != nullptr && each != &operation) each = each->next;
    if (each == nullptr) return false;
    end(*each, done);
    show();
    return true;
  }

  /// Does so with all on the Descriptor. False: none waits here.
  [[nodiscard]] bool withdraw_of(const Descriptor& descriptor, OpList& done) noexcept {
    const std::size_t before = count_;
    Operation* following = nullptr;
    for (Operation* each = operations_.front(); each != nullptr; each = following) {
      following = each->next;
      if (each->descriptor == &descriptor) end(*each, done);
    }
    show();
    return count_ < before;
  }

  void show() noexcept {
    const Operation* oldest = operations_.front();
    if (oldest != nullptr) shown_oldest_.store(QueueStamp::of(*oldest).ms, MemoryOrder::relaxed);
    shown_count_.store(count_, MemoryOrder::release);
  }

  void add_to(EngineUse& use) const noexcept {
    const std::size_t waiting = shown_count_.load(MemoryOrder::acquire);
    if (waiting == 0) return;
    use.waiting += waiting;
    const QueueStamp oldest{shown_oldest_.load(MemoryOrder::relaxed)};
    use.oldest_wait = std::max(use.oldest_wait, oldest.age());
  }

 private:
  void left(Operation& operation) noexcept {
    operation.result = 0;
    count_ -= 1;
  }

  void end(Operation& operation, OpList& done) noexcept {
    operations_.remove(operation);
    left(operation);
    conclude(operation, -ECANCELED);
    done.push_back(operation);
  }

  OpList operations_;
  std::size_t count_ = 0;
  // For any thread.
  Atomic<std::size_t> shown_count_{0};
  Atomic<std::uint32_t> shown_oldest_{0};  ///< QueueStamp of the first
};

}  // namespace rota::inline v0
