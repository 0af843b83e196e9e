#include "runtime/sim_crew.hpp"

#include <rota/core/platform.hpp>

#include "driver/sim/habits.hpp"
#include "sched/runtime_core.hpp"
#include "sched/worker.hpp"
#include "task/stack_pool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace rota::inline v0 {

namespace {

constexpr std::size_t kStackBytes = std::size_t{8} * 1024 * 1024;  // what a thread usually has
/// From workers that seldom meet to such that hardly run a task alone.
constexpr std::array<std::uint32_t, 4> kCrossingsPerMille{20, 100, 300, 700};

}  // namespace

/// A worker and the stack that carries it.
struct SimCrew::Member {
  explicit Member(Worker& its) : worker(its), stack(StackPool::process().acquire(kStackBytes)) {
    unpoison_memory(stack.lowest, stack.bytes);
  }
  ~Member() { StackPool::process().release(stack); }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  static void carry(void* self) noexcept {
    auto& member = *static_cast<Member*>(self);
    static_cast<void>(member.worker.carry(member.seat));
    member.state = State::ended;
    member.context.end();
  }

  enum class State : std::uint8_t { goes_on, rests, ended };

  Worker& worker;
  const StackMemory stack;
  Seat seat;
  Context context{stack, carry, this};
  ExceptionState exceptions;
  State state = State::goes_on;
  // While it rests:
  std::span<pollfd> polled;
  Deadline until = Deadline::never();
};

SimCrew::SimCrew(RuntimeCore& core, Random random)
    : SimWorld(SimHabits::swarm(random).begin),
      core_(core),
      random_(random),
      crossings_per_mille_(random_.pick(kCrossingsPerMille)) {}

SimCrew::SimCrew(RuntimeCore& core, std::uint64_t seed) : SimCrew(core, Random(seed)) {}

SimCrew::~SimCrew() { stop(); }

Result<void> SimCrew::employ(std::span<Worker* const> workers) {
  try {
    for (Worker* worker : workers) {
      members_.push_back(std::make_unique<Member>(*worker));
      order_.push_back(members_.back().get());
    }
  } catch (const StackLimit&) {
    return failure(ENOMEM);
  }
  return {};
}

void SimCrew::run_until_ended(TaskHeader& task) {
  struct Flag : EndOfTask {
    explicit Flag(Worker& home) noexcept
        : EndOfTask(home, [](Runnable& self) noexcept { static_cast<Flag&>(self).up = true; }) {}
    bool up = false;
  };
  Flag ended(members_.front()->worker);
  if (!task.join.wait(&ended)) return;
  while (!ended.up) advance(Deadline::never());
}

void SimCrew::run_until_quiet(Duration limit) {
  const Deadline due = limit == Duration::max() ? Deadline::never() : Deadline::at(clock() + limit);
  while (!is_quiet() && !due.passed(clock())) advance(due);
}

void SimCrew::stop() noexcept {
  for (const auto& member : members_) member->worker.leave();
  while (!order_.empty()) {
    advance(Deadline::never());
    std::erase_if(order_, [](const Member* each) { return each->state == Member::State::ended; });
  }
  members_.clear();
}

/// Lets one worker go on, or time pass, but not beyond `limit`.
void SimCrew::advance(Deadline limit) noexcept {
  Member* next = draw();
  if (next != nullptr) {
    enter(*next);
  } else {
    let_time_pass(limit);
  }
}

/// One of those that can go on, each as likely as the others.
SimCrew::Member* SimCrew::draw() noexcept {
  random_.shuffle(std::span(order_));
  const auto next = std::ranges::find_if(order_, [this](Member* each) { return can_go_on(*each); });
  return next == order_.end() ? nullptr : *next;
}

bool SimCrew::can_go_on(const Member& member) const noexcept {
  if (member.state != Member::State::rests) return true;
  return member.until.passed(now()) || ::poll(member.polled.data(), member.polled.size(), 0) > 0;
}

/// Nobody can go on.
void SimCrew::let_time_pass(Deadline limit) noexcept {
  polled_.clear();
  Deadline next = limit;
  for (const Member* member : order_) {
    polled_.insert(polled_.end(), member->polled.begin(), member->polled.end());
    next = std::min(next, member->until);
  }
  if (next.is_never()) {
    ::poll(polled_.data(), polled_.size(), -1);
  } else if (!network_comes_first(polled_, usual_network_grace_ms)) {
    clock() = std::max(clock(), next.instant());
  }
}

bool SimCrew::is_quiet() const noexcept {
  const auto is_busy = [this](const Member* each) {
    return can_go_on(*each) || each->worker.in_flight() != 0;
  };
  return core_.tasks_live() == 0 && std::ranges::none_of(order_, is_busy);
}

void SimCrew::enter(Member& member) noexcept {
  const InCrew in_crew(*this, member.seat);
  running_ = &member;
  const ExceptionState waiters = exchange_exceptions(member.exceptions);
  member.context.enter();
  member.exceptions = exchange_exceptions(waiters);
  running_ = nullptr;
}

void SimCrew::cross() noexcept {
  if (random_.chance(crossings_per_mille_)) give_way();
}

void SimCrew::give_way() noexcept { running_->context.leave(); }

void SimCrew::rest(std::span<pollfd> polled, Deadline until) noexcept {
  Member& member = *running_;
  member.polled = polled;
  member.until = until;
  member.state = Member::State::rests;
  member.context.leave();
  member.state = Member::State::goes_on;
}

}  // namespace rota::inline v0
