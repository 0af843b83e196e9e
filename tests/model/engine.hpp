#pragma once

#include "model/report.hpp"
#include "model/schedule.hpp"
#include "model/step.hpp"
#include "model/vector_clock.hpp"

#include <boost/context/detail/fcontext.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rota::model {

// Runs one execution of a model: its threads as fibers of one kernel thread, switched only in
// front of visible steps, as a Schedule chooses.
//
// Rules
//   1. A thread announces its next visible step by point(); when point() returns, the thread
//      performs the step at once. So at each choice the pending step of every thread is known.
//   2. What is not visible (spawn, join of a thread that has ended, plain accesses, fences) runs on
//      without a choice: its place among the steps of other threads changes nothing that they see.
//   3. A thread that waits has a predicate; one that paused in a spin loop goes on when another
//      thread has changed some value since its last pause. Otherwise neither is enabled.
//   4. An execution that fails, or is pruned, is abandoned where it stands: the stacks of its
//      fibers are reused and nothing on them is destroyed. So a model keeps no memory from the heap
//      in its locals.
class Engine {
 public:
  using Ready = bool (*)(const void*);

  struct Thread {
    enum class State : std::uint8_t { unused, fresh, running, waiting, pausing, joining, ended };

    boost::context::detail::fcontext_t context = nullptr;
    std::unique_ptr<std::byte[]> stack;
    std::function<void()> body;
    const char* name = "";
    State state = State::unused;
    bool joined = false;
    std::uint8_t join_target = 0;
    Ready ready = nullptr;
    const void* ready_argument = nullptr;
    std::uint64_t changes_seen = 0;   // By others, when the last pause ended.
    std::uint64_t changes_made = 0;   // By this thread.
    VectorClock clock;
    VectorClock acquired;             // By relaxed loads: what an acquire fence will make known.
    VectorClock released;             // At the last release fence: what relaxed stores publish.
  };

  Engine(const Options& options, Schedule& schedule, std::string* trace);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The engine whose execution the caller runs in; nullptr outside of any.
  [[nodiscard]] static Engine* current() noexcept { return current_; }

  // One execution. False when it was pruned.
  bool execute(const std::function<void()>& scenario);

  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::optional<Failure>& failure() noexcept { return failure_; }

  // Called by fibers.
  void point(const Step& step);
  void wait(const Step& step, Ready ready, const void* argument);
  void pause();
  std::size_t spawn(const char* name, std::function<void()> body);
  void join(std::size_t thread);
  void fail(Failure::Kind kind, std::string message);

  // A number for a new object, the same one in each execution.
  [[nodiscard]] std::uint32_t number_object() noexcept { return ++objects_; }

  // True while a predicate is evaluated: its accesses are no steps and carry no knowledge.
  [[nodiscard]] bool evaluating() const noexcept { return evaluating_; }

  // While true, accesses are no steps of their own but carry knowledge: a wait that has ended
  // reads its predicate once more, as its thread.
  void set_silent(bool silent) noexcept { silent_ = silent; }

  [[nodiscard]] Thread& self() noexcept { return threads_[running_]; }
  [[nodiscard]] std::size_t self_index() const noexcept { return running_; }
  [[nodiscard]] const char* name_of(std::size_t thread) const { return threads_[thread].name; }

  // The release point that ends the current epoch of the running thread.
  void advance_epoch() noexcept { ++self().clock.seen[running_]; }

  // Another thread that paused may go on.
  void value_changed() noexcept {
    ++changes_;
    ++self().changes_made;
  }

  [[nodiscard]] bool tracing() const noexcept { return trace_ != nullptr; }
  void label(const void* object, std::size_t bytes, const char* name);
  [[nodiscard]] std::string name_of_object(const void* address) const;
  void trace(Step::Kind kind, const void* address, const std::string& detail);

 private:
  struct Label {
    const std::byte* begin;
    std::size_t bytes;
    const char* name;
  };

  static void enter_fiber(boost::context::detail::transfer_t from);
  void start_fiber(Thread& thread);
  void run_body();
  void yield_to_next();
  [[nodiscard]] std::optional<std::size_t> next_invisible() const;
  [[nodiscard]] ThreadSet enabled_threads();
  [[nodiscard]] bool is_enabled(const Thread& thread);
  void report_deadlock();
  void switch_to(std::size_t thread);
  void abandon();

  static Engine* current_;

  std::uint32_t max_steps_;
  Schedule& schedule_;
  std::string* trace_;
  std::array<Thread, max_threads> threads_;
  std::array<Step, max_threads> pending_{};
  boost::context::detail::fcontext_t root_ = nullptr;
  std::size_t thread_count_ = 0;
  std::size_t running_ = 0;
  std::size_t last_stepped_ = 0;
  std::uint32_t steps_of_execution_ = 0;
  std::uint32_t objects_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t steps_ = 0;
  bool evaluating_ = false;
  bool silent_ = false;
  bool pruned_ = false;
  std::optional<Failure> failure_;
  std::vector<Label> labels_;
};

}  // namespace rota::model
