#include <rota/model/engine.hpp>

#include "schedule.hpp"
#include "stack_memory.hpp"

#include <boost/context/detail/fcontext.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace rota::model {

namespace context = boost::context::detail;

namespace {

constexpr std::size_t stack_bytes = std::size_t{64} * 1024;
constexpr std::size_t body_alignment = 64;

// A step ends at most a few epochs of a thread, of which a VectorClock can tell 32,767 apart.
constexpr std::uint32_t most_steps = 5'000;

}  // namespace

Engine* Engine::current_ = nullptr;
std::uint64_t Engine::executions_begun_ = 0;

namespace {

[[noreturn]] void end_misused(const char* message) noexcept {
  std::fprintf(stderr, "rota::model: %s\n", message);
  std::abort();
}

}  // namespace

Engine& Engine::here() noexcept {
  if (current_ == nullptr) end_misused("a part of a scenario was used outside of explore()");
  return *current_;
}

Engine::Engine(const Options& options, Schedule& schedule, std::string* trace)
    : max_steps_(std::min(options.max_steps, most_steps)),
      max_spurious_failures_(options.spurious_failures),
      weak_(options.values == Values::weak),
      schedule_(schedule),
      trace_(trace),
      memory_(weak_),
      effect_(std::make_unique<Effect>()) {}

Engine::~Engine() {
  for (Thread& thread : threads_) {
    if (thread.stack) {
      forget_frames(thread.stack.get(), stack_bytes);
    }
  }
}

bool Engine::execute(const std::function<void()>& scenario) {
  if (current_ != nullptr) end_misused("explore() was called inside a scenario");
  execution_ = ++executions_begun_;
  thread_count_ = 0;
  running_ = 0;
  last_stepped_ = 0;
  steps_of_execution_ = 0;
  spurious_failures_ = 0;
  objects_ = 0;
  changes_ = 0;
  states_ = 1;
  evaluating_ = false;
  silent_ = false;
  pruned_ = false;
  told_ = nullptr;
  labels_.clear();
  memory_.begin_execution();
  current_ = this;
  const auto run = [](void* body) { (**static_cast<const std::function<void()>**>(body))(); };
  const std::size_t main = spawn("main", run, sizeof(&scenario));
  *static_cast<const std::function<void()>**>(body(main)) = &scenario;
  threads_[main].state = Thread::State::running;
  start_fiber(threads_[main]);
  const auto back = context::jump_fcontext(threads_[main].context, &root_);
  *static_cast<context::fcontext_t*>(back.data) = back.fctx;
  current_ = nullptr;
  return !pruned_;
}

void Engine::point(const Step& step) {
  if (evaluating_ || silent_) {
    return;
  }
  pending_[running_] = step;
  yield_to_next();
}

void Engine::wait(const Step& step, Ready ready, const void* argument) {
  Thread& thread = threads_[running_];
  thread.ready = ready;
  thread.ready_argument = argument;
  thread.asked_at = 0;
  thread.state = Thread::State::waiting;
  point(step);
  thread.state = Thread::State::running;
}

void Engine::pause() {
  Thread& thread = threads_[running_];
  thread.state = Thread::State::pausing;
  point({.kind = Step::Kind::pause});
  thread.state = Thread::State::running;
  thread.changes_seen = changes_ - thread.changes_made;
  memory_.pause(running_);
  trace(Step::Kind::pause, nullptr, "");
}

Version& Engine::meet(const History& history, const Access& access) {
  const Memory::Candidates& found =
      memory_.candidates(running_, history, access, silent_ ? 0 : schedule_.first_stamp());
  if (found.allowed == 0) {
    prune();
  }
  return *found.versions[found.count == 1 ? 0 : accept(schedule_.choose_outcome(found.allowed))];
}

Version& Engine::write(History& history, Version& after, const Access& access, std::uint64_t bits) {
  const bool last = &after == history.newest;
  Version& version = memory_.write(running_, history, after, access, bits);
  effect_->step.writes = true;
  state_changed();
  if (last && bits != after.bits) {
    value_changed();
  }
  return version;
}

void Engine::fence(MemoryOrder order) {
  count_step();
  memory_.fence(running_, order);
}

bool Engine::fails_spuriously() {
  if (spurious_failures_ == max_spurious_failures_) {
    return false;
  }
  const bool fails = accept(schedule_.choose_outcome(0b11)) == 1;
  spurious_failures_ += fails ? 1 : 0;
  return fails;
}

void Engine::barrier_everywhere() {
  point({.kind = Step::Kind::barrier, .writes = true});
  memory_.barrier_everywhere(running_);
  trace(Step::Kind::barrier, nullptr, "everywhere");
}

std::size_t Engine::spawn(const char* name, Run run, std::size_t body_bytes) {
  if (thread_count_ == max_threads) {
    fail(Failure::Kind::check, "a model has at most 8 threads, main included");
  }
  const std::size_t index = thread_count_++;
  Thread& thread = threads_[index];
  if (!thread.stack) {
    thread.stack = std::make_unique<std::byte[]>(stack_bytes);
  }
  forget_frames(thread.stack.get(), stack_bytes);
  const auto end = reinterpret_cast<std::uintptr_t>(thread.stack.get() + stack_bytes);
  thread.body = reinterpret_cast<void*>((end - body_bytes) & ~(body_alignment - 1));
  thread.run = run;
  thread.name = name;
  thread.state = Thread::State::fresh;
  may_go_on_ = true;
  thread.joined = index == 0;
  thread.changes_seen = 0;
  thread.changes_made = 0;
  memory_.begin_thread(index, running_);
  return index;
}

void Engine::join(std::size_t index) {
  Thread& target = threads_[index];
  if (target.state != Thread::State::ended) {
    Thread& thread = threads_[running_];
    thread.join_target = static_cast<std::uint8_t>(index);
    thread.state = Thread::State::joining;
    may_go_on_ = true;
    yield_to_next();
    thread.state = Thread::State::running;
  }
  target.joined = true;
  knowledge().join(memory_.thread(index).now);
}

void Engine::fail(Failure::Kind kind, std::string message) {
  failure_ = Failure{kind, std::move(message), schedule_.choices(), {}};
  abandon();
}

void Engine::prune() {
  pruned_ = true;
  abandon();
}

void Engine::abandon() {
  context::fcontext_t dropped = nullptr;
  context::jump_fcontext(root_, &dropped);
  std::unreachable();
}

void Engine::start_fiber(Thread& thread) {
  const auto bytes =
      static_cast<std::size_t>(static_cast<std::byte*>(thread.body) - thread.stack.get());
  thread.context = context::make_fcontext(thread.body, bytes, &Engine::enter_fiber);
}

void Engine::enter_fiber(context::transfer_t from) {
  *static_cast<context::fcontext_t*>(from.data) = from.fctx;
  current_->run_body();
}

void Engine::run_body() {
  Thread& thread = threads_[running_];
  thread.state = Thread::State::running;
  std::string thrown;
  try {
    thread.run(thread.body);
  } catch (const std::exception& error) {
    thrown = std::string(": ") + error.what();
  } catch (...) {
    thrown = ", and no std::exception";
  }
  // Not in the handler, which would never end: the execution is abandoned.
  if (!thrown.empty()) fail(Failure::Kind::check, std::string(thread.name) + " threw" + thrown);
  thread.state = Thread::State::ended;
  may_go_on_ = true;
  if (running_ != 0) {
    yield_to_next();
    return;
  }
  for (std::size_t t = 1; t < thread_count_; ++t) {
    if (!threads_[t].joined) {
      fail(Failure::Kind::unjoined, std::string("main ended without joining ") + threads_[t].name);
    }
  }
  abandon();
}

// Leaves the running thread, whose next step is pending or which has ended, and returns when it
// is chosen for that step.
void Engine::yield_to_next() {
  if (const auto thread = next_invisible()) {
    switch_to(*thread);
    return;
  }
  const ThreadSet enabled = enabled_threads();
  if (enabled == 0) {
    report_deadlock();
  }
  count_step();
  last_stepped_ = accept(schedule_.choose_thread(enabled, last_stepped_, pending_, *effect_));
  effect_->step = pending_[last_stepped_];
  effect_->step.writes = effect_->step.writes && !effect_->step.versioned;
  effect_->first_stamp = memory_.stamps() + 1;
  ++steps_;
  switch_to(last_stepped_);
}

void Engine::count_step() {
  if (steps_of_execution_ == max_steps_) {
    fail(Failure::Kind::livelock, "no end after " + std::to_string(max_steps_) + " steps");
  }
  ++steps_of_execution_;
}

std::size_t Engine::accept(int choice) {
  if (choice == Schedule::prune) {
    prune();
  }
  if (choice == Schedule::diverged) {
    fail(Failure::Kind::nondeterminism, "the same choices led to another set of choices");
  }
  return static_cast<std::size_t>(choice);
}

std::optional<std::size_t> Engine::next_invisible() {
  if (!may_go_on_) {
    return std::nullopt;
  }
  for (std::size_t t = 0; t < thread_count_; ++t) {
    const Thread& thread = threads_[t];
    if (thread.state == Thread::State::fresh) {
      return t;
    }
    if (thread.state == Thread::State::joining &&
        threads_[thread.join_target].state == Thread::State::ended) {
      return t;
    }
  }
  may_go_on_ = false;
  return std::nullopt;
}

ThreadSet Engine::enabled_threads() {
  ThreadSet enabled = 0;
  for (std::size_t t = 0; t < thread_count_; ++t) {
    if (is_enabled(t)) {
      enabled |= ThreadSet{1} << t;
    }
  }
  return enabled;
}

bool Engine::is_enabled(std::size_t index) {
  Thread& thread = threads_[index];
  switch (thread.state) {
    case Thread::State::running: return true;
    case Thread::State::waiting:
      if (thread.asked_at != states_) {
        evaluating_ = true;
        thread.was_ready = thread.ready(thread.ready_argument);
        evaluating_ = false;
        thread.asked_at = states_;
      }
      return thread.was_ready;
    case Thread::State::pausing:
      return changes_ - thread.changes_made > thread.changes_seen || memory_.behind(index);
    default: return false;
  }
}

void Engine::report_deadlock() {
  std::string message = "nobody can go on:";
  for (std::size_t t = 0; t < thread_count_; ++t) {
    const Thread& thread = threads_[t];
    if (thread.state == Thread::State::waiting) {
      message.append(" ").append(thread.name).append(" waits;");
    } else if (thread.state == Thread::State::pausing) {
      message.append(" ").append(thread.name).append(" spins;");
    } else if (thread.state == Thread::State::joining) {
      message.append(" ").append(thread.name).append(" joins ");
      message.append(threads_[thread.join_target].name).append(";");
    }
  }
  fail(Failure::Kind::deadlock, message);
}

void Engine::switch_to(std::size_t index) {
  Thread& from = threads_[running_];
  Thread& to = threads_[index];
  if (&from == &to) {
    return;
  }
  if (to.state == Thread::State::fresh) {
    start_fiber(to);
  }
  running_ = index;
  const auto back = context::jump_fcontext(to.context, &from.context);
  *static_cast<context::fcontext_t*>(back.data) = back.fctx;
}

void Engine::label(const void* object, std::size_t bytes, const char* name) {
  if (tracing()) {
    labels_.push_back({static_cast<const std::byte*>(object), bytes, name});
  }
}

std::string Engine::name_of_object(const void* address) const {
  const auto* byte = static_cast<const std::byte*>(address);
  for (const Label& label : labels_) {
    if (byte >= label.begin && byte < label.begin + label.bytes) {
      const auto offset = static_cast<std::size_t>(byte - label.begin);
      std::string name = label.name;
      if (offset != 0) {
        name.append("+").append(std::to_string(offset));
      }
      return name;
    }
  }
  return "an object without label";
}

void Engine::trace(Step::Kind kind, const void* address, const std::string& detail) {
  if (!tracing() || evaluating_) {
    return;
  }
  *trace_ += std::to_string(steps_of_execution_) + "  " + threads_[running_].name + "  ";
  *trace_ += address == nullptr ? "" : name_of_object(address) + ".";
  *trace_ += std::string(to_string(kind)) + " " + detail + "\n";
}

}  // namespace rota::model
