#include "model/engine.hpp"

#include "model/stack_memory.hpp"

#include <utility>

namespace rota::model {

namespace context = boost::context::detail;

namespace {

constexpr std::size_t stack_bytes = std::size_t{64} * 1024;

}  // namespace

Engine* Engine::current_ = nullptr;

Engine::Engine(const Options& options, Schedule& schedule, std::string* trace)
    : max_steps_(options.max_steps), schedule_(schedule), trace_(trace) {}

Engine::~Engine() {
  for (Thread& thread : threads_) {
    if (thread.stack) {
      forget_frames(thread.stack.get(), stack_bytes);
    }
  }
}

bool Engine::execute(const std::function<void()>& scenario) {
  thread_count_ = 0;
  running_ = 0;
  last_stepped_ = 0;
  steps_of_execution_ = 0;
  objects_ = 0;
  changes_ = 0;
  evaluating_ = false;
  silent_ = false;
  pruned_ = false;
  labels_.clear();
  current_ = this;
  spawn("main", scenario);
  threads_[0].state = Thread::State::running;
  start_fiber(threads_[0]);
  const auto back = context::jump_fcontext(threads_[0].context, &root_);
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
  Thread& thread = self();
  thread.ready = ready;
  thread.ready_argument = argument;
  thread.state = Thread::State::waiting;
  point(step);
  thread.state = Thread::State::running;
}

void Engine::pause() {
  Thread& thread = self();
  thread.state = Thread::State::pausing;
  point({.kind = Step::Kind::pause, .writes = false, .object = Step::every_object});
  thread.state = Thread::State::running;
  thread.changes_seen = changes_ - thread.changes_made;
  trace(Step::Kind::pause, nullptr, "");
}

std::size_t Engine::spawn(const char* name, std::function<void()> body) {
  if (thread_count_ == max_threads) {
    fail(Failure::Kind::check, "a model has at most 8 threads, main included");
  }
  const std::size_t index = thread_count_++;
  Thread& thread = threads_[index];
  thread.body = std::move(body);
  thread.name = name;
  thread.state = Thread::State::fresh;
  thread.joined = index == 0;
  thread.changes_seen = 0;
  thread.changes_made = 0;
  thread.acquired = {};
  thread.released = {};
  thread.clock = {};
  if (index != 0) {
    thread.clock = self().clock;
    advance_epoch();
  }
  thread.clock.seen[index] = 1;
  return index;
}

void Engine::join(std::size_t index) {
  Thread& target = threads_[index];
  if (target.state != Thread::State::ended) {
    Thread& thread = self();
    thread.join_target = static_cast<std::uint8_t>(index);
    thread.state = Thread::State::joining;
    yield_to_next();
    thread.state = Thread::State::running;
  }
  target.joined = true;
  self().clock.join(target.clock);
}

void Engine::fail(Failure::Kind kind, std::string message) {
  failure_ = Failure{kind, std::move(message), schedule_.choices(), {}};
  abandon();
}

void Engine::abandon() {
  context::fcontext_t dropped = nullptr;
  context::jump_fcontext(root_, &dropped);
}

void Engine::start_fiber(Thread& thread) {
  if (!thread.stack) {
    thread.stack = std::make_unique<std::byte[]>(stack_bytes);
  }
  forget_frames(thread.stack.get(), stack_bytes);
  thread.context =
      context::make_fcontext(thread.stack.get() + stack_bytes, stack_bytes, &Engine::enter_fiber);
}

void Engine::enter_fiber(context::transfer_t from) {
  *static_cast<context::fcontext_t*>(from.data) = from.fctx;
  current_->run_body();
}

void Engine::run_body() {
  Thread& thread = self();
  thread.state = Thread::State::running;
  thread.body();
  thread.state = Thread::State::ended;
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
  if (steps_of_execution_ == max_steps_) {
    fail(Failure::Kind::livelock, "no end after " + std::to_string(max_steps_) + " steps");
  }
  const int chosen = schedule_.choose(enabled, last_stepped_, pending_);
  if (chosen == Schedule::prune) {
    pruned_ = true;
    abandon();
  }
  if (chosen == Schedule::diverged) {
    fail(Failure::Kind::nondeterminism, "the same choices led to another set of threads");
  }
  ++steps_of_execution_;
  ++steps_;
  last_stepped_ = static_cast<std::size_t>(chosen);
  switch_to(last_stepped_);
}

std::optional<std::size_t> Engine::next_invisible() const {
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
  return std::nullopt;
}

ThreadSet Engine::enabled_threads() {
  ThreadSet enabled = 0;
  for (std::size_t t = 0; t < thread_count_; ++t) {
    if (is_enabled(threads_[t])) {
      enabled |= ThreadSet{1} << t;
    }
  }
  return enabled;
}

bool Engine::is_enabled(const Thread& thread) {
  switch (thread.state) {
    case Thread::State::running:
      return true;
    case Thread::State::waiting: {
      evaluating_ = true;
      const bool ready = thread.ready(thread.ready_argument);
      evaluating_ = false;
      return ready;
    }
    case Thread::State::pausing:
      return changes_ - thread.changes_made > thread.changes_seen;
    default:
      return false;
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
  if (!tracing() || evaluating_ || silent_) {
    return;
  }
  *trace_ += std::to_string(steps_of_execution_) + "  " + self().name + "  ";
  *trace_ += address == nullptr ? "" : name_of_object(address) + ".";
  *trace_ += std::string(to_string(kind)) + " " + detail + "\n";
}

}  // namespace rota::model
