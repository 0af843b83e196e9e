// What `rota lab contention` measures. A structure of Rota's is rebuilt of the members that the
// real one has, so that a template's parameter can take their padding away; the assertions say that
// with 128 bytes it is laid out as the real one.

#include <rota/core/atomic.hpp>
#include <rota/core/mpsc_stack.hpp>
#include <rota/core/runnable.hpp>
#include <rota/core/seat.hpp>

#include "core/counter.hpp"
#include "core/inbox.hpp"
#include "core/park_word.hpp"
#include "runtime/contention/case.hpp"

#include <cstdint>
#include <memory>

namespace rota::inline v0 {
namespace {

constexpr std::size_t kPadding = 128;
constexpr std::size_t kNone = 8;

class SharedCounter final : public Contended {
 public:
  void work(std::size_t operations) noexcept override {
    for (; operations > 0; --operations) count_.fetch_add(1, MemoryOrder::relaxed);
  }
  void work_beside(std::size_t operations) noexcept override { work(operations); }

 private:
  alignas(kPadding) Atomic<std::uint64_t> count_{0};
};

/// The first begins a pair of lines, so the second is as far away as the parameter says.
template <std::size_t kApart>
class TwoCounters final : public Contended {
 public:
  void work(std::size_t operations) noexcept override { count_up(mine_, operations); }
  void work_beside(std::size_t operations) noexcept override { count_up(other_, operations); }

 private:
  static void count_up(Atomic<std::uint64_t>& counter, std::size_t operations) noexcept {
    for (; operations > 0; --operations) counter.fetch_add(1, MemoryOrder::relaxed);
  }

  alignas(kPadding) Atomic<std::uint64_t> mine_{0};
  alignas(kApart) Atomic<std::uint64_t> other_{0};
};

/// Two threads run tasks, each of which visits the runtime once. Nobody takes anything over.
template <std::size_t kAlign>
class TwoSeats final : public Contended {
 public:
  void work(std::size_t operations) noexcept override { run_tasks(seats_[0], operations); }
  void work_beside(std::size_t operations) noexcept override { run_tasks(seats_[1], operations); }

 private:
  struct alignas(kAlign) OneSeat {
    TakeOverWord word;
    Worker* worker = nullptr;
    TaskHeader* task = nullptr;
    Fiber* fiber = nullptr;
    std::int32_t units_until_look = 0;
    std::int32_t looks = 0;
    std::int64_t slice_began_ns = 0;
  };
  static_assert(kAlign != kPadding ||
                (sizeof(OneSeat) == sizeof(Seat) && alignof(OneSeat) == alignof(Seat)));

  static void run_tasks(OneSeat& seat, std::size_t operations) noexcept {
    for (; operations > 0; --operations) {
      seat.word.enter_task();
      if (seat.word.enter_runtime()) seat.units_until_look -= 1;
      seat.word.leave_runtime();
      if (!seat.word.leave_task()) return;
    }
  }

  // In the pair of lines that begins here there is room for two without padding.
  alignas(kPadding) OneSeat seats_[2];
};

/// A worker runs tasks and counts them, while another thread posts to its inbox. It does not look
/// at the inbox meanwhile: what it takes then is shared, however it is laid out.
template <std::size_t kAlign>
class InboxBesideQueue final : public Contended {
 public:
  InboxBesideQueue() {
    for (Runnable& runnable : ready_now_) worker_.ready.push_back(runnable);
  }

  void work(std::size_t operations) noexcept override {
    for (; operations > 0; --operations) {
      Runnable* next = worker_.ready.pop_front();
      worker_.tasks_run += 1;
      worker_.ready.push_back(*next);
    }
  }
  void work_beside(std::size_t operations) noexcept override {
    for (std::size_t at = 0; at < operations; ++at) {
      worker_.posted.push(posted_[at]);
      if (worker_.park.claim_wake()) return;
    }
  }
  void settle() noexcept override { (void)worker_.posted.take_all(); }

 private:
  struct WorkerParts {
    alignas(kPadding) RunList ready;
    Counter tasks_run;
    alignas(kAlign) MpscStack<Runnable> posted;
    ParkWord park;
  };
  static_assert(alignof(Inbox) == kPadding);
  static_assert(kAlign != kPadding || sizeof(WorkerParts) == 2 * kPadding);

  WorkerParts worker_;
  alignas(kPadding) Runnable ready_now_[4];
  std::unique_ptr<Runnable[]> posted_ = std::make_unique<Runnable[]>(kMostOperations);
};

template <class T>
std::unique_ptr<Contended> make() {
  return std::make_unique<T>();
}

constexpr const char* kCounters = "counter, fetch_add";
constexpr const char* kSeats = "Seat beside Seat";
constexpr const char* kInbox = "run queue beside Inbox";
constexpr const char* kBare = "padding off";
constexpr const char* kPadded = "padded to 128";

}  // namespace

const std::vector<ContentionPlan>& contention_plans() {
  static const std::vector<ContentionPlan> plans{
      {kCounters, "one thread alone", false, Threads::one, make<TwoCounters<kPadding>>},
      {kCounters, "one, shared", false, Threads::two, make<SharedCounter>},
      {kCounters, "two on one line", false, Threads::two, make<TwoCounters<kNone>>},
      {kCounters, "padded to 64", false, Threads::two, make<TwoCounters<64>>},
      {kCounters, kPadded, true, Threads::two, make<TwoCounters<kPadding>>},
      {kSeats, kBare, false, Threads::two, make<TwoSeats<kNone>>},
      {kSeats, kPadded, true, Threads::two, make<TwoSeats<kPadding>>},
      {kInbox, kBare, false, Threads::two, make<InboxBesideQueue<kNone>>},
      {kInbox, kPadded, true, Threads::two, make<InboxBesideQueue<kPadding>>},
  };
  return plans;
}

}  // namespace rota::inline v0
