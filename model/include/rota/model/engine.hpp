#pragma once

#include <rota/model/memory.hpp>
#include <rota/model/options.hpp>
#include <rota/model/report.hpp>
#include <rota/model/step.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::context::detail {
struct transfer_t;
}

namespace rota::model {

class Schedule;
struct Effect;

// Runs one execution of a model: its threads as fibers of one kernel thread, switched only in
// front of visible steps, as a Schedule chooses.
//
// Rules
//   1. A thread announces its next visible step by point(); when point() returns, the thread
//      performs the step at once. So at each choice the pending step of every thread is known.
//   2. What is not visible (spawn, join of a thread that has ended, plain accesses, fences) runs on
//      without a choice: its place among the steps of other threads changes nothing that they see.
//   3. Which version of an atomic a step meets is another choice, made when the step is performed.
//   4. A thread that waits has a predicate over the newest values; one that paused in a spin loop
//      goes on when another thread has changed some value since its last pause, or when it has not
//      seen the newest value of what it spins on. Otherwise neither is enabled.
//   5. A pause makes a thread see the newest values of what it has read since its last pause. So no
//      spin loop goes round for ever on old values, which a machine would not do either.
//   6. An execution that fails, or is pruned, is abandoned where it stands: the stacks of its
//      fibers are reused and nothing on them is destroyed. So a model keeps no memory from the heap
//      in its locals.
class Engine {
 public:
  using Ready = bool (*)(const void*);
  using Run = void (*)(void*);

  Engine(const Options& options, Schedule& schedule, std::string* trace);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The engine whose execution the caller runs in; nullptr outside of any.
  [[nodiscard]] static Engine* current() noexcept { return current_; }
  // The same; outside of any the process ends with a message.
  [[nodiscard]] static Engine& here() noexcept;

  // A number that no other execution of this process has.
  [[nodiscard]] std::uint64_t execution() const noexcept { return execution_; }

  // One execution. False when it was pruned.
  bool execute(const std::function<void()>& scenario);

  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::optional<Failure>& failure() noexcept { return failure_; }

  // What follows is called by fibers.

  void point(const Step& step);
  void wait(const Step& step, Ready ready, const void* argument);
  void pause();
  [[noreturn]] void fail(Failure::Kind kind, std::string message);
  [[noreturn]] void prune();

  // A new thread whose body lies in `body_bytes` of its own stack, at body(thread).
  std::size_t spawn(const char* name, Run run, std::size_t body_bytes);
  [[nodiscard]] void* body(std::size_t thread) noexcept { return threads_[thread].body; }
  void join(std::size_t thread);
  [[nodiscard]] std::size_t thread_count() const noexcept { return thread_count_; }

  // A number for a new object, the same one whenever the same choices lead to it.
  [[nodiscard]] std::uint32_t number_object() noexcept { return ++objects_; }

  // The version that the step just begun meets, and what the step then does.
  [[nodiscard]] History& new_history(std::uint64_t bits) { return memory_.add(++objects_, bits); }
  Version& meet(const History& history, const Access& access);
  void read(History& history, Version& version, MemoryOrder order) {
    memory_.read(running_, history, version, order);
  }
  Version& write(History& history, Version& after, const Access& access, std::uint64_t bits);
  void fence(MemoryOrder order);
  void barrier_everywhere();

  // Whether the weak compare_exchange just begun fails for no reason.
  [[nodiscard]] bool fails_spuriously();

  [[nodiscard]] bool keeps_versions() const noexcept { return weak_; }

  // True while a predicate is evaluated: its accesses are no steps and carry no knowledge.
  [[nodiscard]] bool evaluating() const noexcept { return evaluating_; }

  // While true, accesses are no steps of their own but carry knowledge: a wait that has ended
  // reads its predicate once more, as its thread.
  void set_silent(bool silent) noexcept { silent_ = silent; }

  [[nodiscard]] std::size_t self_index() const noexcept { return running_; }
  [[nodiscard]] const char* name_of(std::size_t thread) const { return threads_[thread].name; }

  // What happens before the present point of the running thread, and the end of its epoch.
  [[nodiscard]] Knowledge& knowledge() noexcept { return memory_.thread(running_).now; }
  void advance_epoch() noexcept { memory_.advance_epoch(running_); }
  [[nodiscard]] Knowledge& new_knowledge() { return memory_.new_knowledge(); }

  // Predicates may have another value. With `value_changed`, another thread that paused may go on.
  void state_changed() noexcept { ++states_; }
  void value_changed() noexcept {
    ++states_;
    ++changes_;
    ++threads_[running_].changes_made;
  }

  // Who is told of each atomic that a step begins on, for the rest of the execution: a test that
  // watches how long memory lives.
  using Told = void (*)(const void* atomic);
  void tell_of_steps(Told told) noexcept { told_ = told; }
  void begin_step(const void* atomic) const {
    if (told_ != nullptr) told_(atomic);
  }

  [[nodiscard]] bool tracing() const noexcept { return trace_ != nullptr; }
  void label(const void* object, std::size_t bytes, const char* name);
  [[nodiscard]] std::string name_of_object(const void* address) const;
  void trace(Step::Kind kind, const void* address, const std::string& detail);

 private:
  struct Thread {
    enum class State : std::uint8_t { unused, fresh, running, waiting, pausing, joining, ended };

    void* context = nullptr;
    std::unique_ptr<std::byte[]> stack;
    Run run = nullptr;
    void* body = nullptr;
    const char* name = "";
    State state = State::unused;
    bool joined = false;
    bool was_ready = false;
    std::uint8_t join_target = 0;
    Ready ready = nullptr;
    const void* ready_argument = nullptr;
    std::uint64_t asked_at = 0;      // The state in which `was_ready` was found.
    std::uint64_t changes_seen = 0;  // By others, when the last pause ended.
    std::uint64_t changes_made = 0;  // By this thread.
  };

  struct Label {
    const std::byte* begin;
    std::size_t bytes;
    const char* name;
  };

  static void enter_fiber(boost::context::detail::transfer_t from);
  void begin_thread(const char* name, Run run);
  void start_fiber(Thread& thread);
  void run_body();
  void yield_to_next();
  void count_step();
  [[nodiscard]] std::optional<std::size_t> next_invisible();
  [[nodiscard]] std::uint32_t enabled_threads();
  [[nodiscard]] bool is_enabled(std::size_t index);
  [[noreturn]] void report_deadlock();
  [[nodiscard]] std::size_t accept(int choice);
  void switch_to(std::size_t thread);
  [[noreturn]] void abandon();

  static Engine* current_;
  static std::uint64_t executions_begun_;

  const std::uint32_t max_steps_;
  const std::uint32_t max_spurious_failures_;
  const bool weak_;
  Schedule& schedule_;
  std::string* trace_;
  Memory memory_;
  std::array<Thread, max_threads> threads_;
  std::array<Step, max_threads> pending_{};
  std::unique_ptr<Effect> effect_;
  void* root_ = nullptr;
  std::size_t thread_count_ = 0;
  std::size_t running_ = 0;
  std::size_t last_stepped_ = 0;
  std::uint32_t steps_of_execution_ = 0;
  std::uint32_t spurious_failures_ = 0;
  std::uint32_t objects_ = 0;
  std::uint64_t execution_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t states_ = 1;
  std::uint64_t steps_ = 0;
  bool may_go_on_ = false;  // Somebody, without a choice.
  bool evaluating_ = false;
  bool silent_ = false;
  bool pruned_ = false;
  std::optional<Failure> failure_;
  std::vector<Label> labels_;
  Told told_ = nullptr;
};

}  // namespace rota::model
