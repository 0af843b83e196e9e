#pragma once

#include <rota/model/options.hpp>
#include <rota/model/step.hpp>
#include <rota/model/vector_clock.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rota::model {

// A set of threads, bit t for thread t.
using ThreadSet = std::uint32_t;

// A step as it was executed.
struct Effect {
  Step step;                      // `writes` says whether it wrote.
  std::uint32_t first_stamp = 0;  // What it wrote has this stamp or a later one.
};

// Chooses which thread takes the next step and which of several outcomes a step has, and what to
// try in the next execution.
//
// Exhaustive: depth-first over the tree of choices, by replaying the prefix of the last execution
// and taking the next branch of its deepest node that has one. With `reduce`, sleep sets
// (Godefroid) leave out what would only repeat an execution with commuting neighbours swapped: a
// thread whose step has been explored at a node, with all outcomes, sleeps below the node's other
// branches until a step that does not commute with it wakes it. A step that can return what has
// been written meanwhile wakes for these outcomes alone.
class Schedule {
 public:
  static constexpr int prune = -1;
  static constexpr int diverged = -2;

  explicit Schedule(const Options& options);

  // Plays the given choices, one character each, and continues with the lowest thread and the
  // first outcome.
  Schedule(const Options& options, std::string_view replay);

  void begin_execution();

  // The thread for the next step, after `last`, which was one of `current`. `prune` when every
  // enabled thread sleeps: each continuation repeats one that has been explored. `diverged` when a
  // replayed prefix does not lead where it led before: the model is not deterministic.
  int choose_thread(ThreadSet enabled, std::size_t current,
                    const std::array<Step, max_threads>& pending, const Effect& last);

  // One of the outcomes, a bit each, of the step of the thread that was chosen last. The lowest is
  // what a sequentially consistent machine does.
  int choose_outcome(std::uint64_t outcomes);

  // The step of the thread that was chosen last has been explored with all that was written before
  // this stamp.
  [[nodiscard]] std::uint32_t first_stamp() const noexcept { return first_stamp_; }

  // False when there is nothing left to explore.
  bool next_execution();

  // Threads as digits, outcomes as letters.
  [[nodiscard]] std::string choices() const;

 private:
  struct Node {
    std::uint64_t outcomes = 0;  // Of a choice of outcomes; 0 for one of threads.
    ThreadSet enabled = 0;
    ThreadSet asleep = 0;
    ThreadSet explored = 0;
    std::uint32_t deviations = 0;  // Preemptions and other outcomes than the first, before this.
    std::uint8_t chosen = 0;
    std::uint8_t current = 0;
    std::array<std::uint32_t, max_threads> first_stamp{};  // Of threads that sleep in part.
  };

  [[nodiscard]] bool exhaustive() const noexcept;
  [[nodiscard]] bool bound_reached(const Node& node) const noexcept;
  [[nodiscard]] ThreadSet candidates(const Node& node) const noexcept;
  static void select(Node& node, ThreadSet from) noexcept;
  bool select_next(Node& node) const noexcept;
  bool add_thread_node(ThreadSet enabled, std::size_t current,
                       const std::array<Step, max_threads>& pending, const Effect& last);
  void put_to_sleep(Node& node, const std::array<Step, max_threads>& pending,
                    const Effect& last) const;
  [[nodiscard]] std::uint32_t deviations_so_far() const noexcept;
  int choose_by_priority(ThreadSet enabled);
  int choose_by_replay(std::uint64_t possible, char first);
  int any_of(std::uint64_t set);
  std::uint64_t random();

  Options options_;
  bool reduce_;
  bool replaying_ = false;
  std::string replay_;
  std::vector<Node> nodes_;  // Exhaustive: the path of this execution.
  std::string played_;       // Other modes: the choices of this execution.
  std::size_t depth_ = 0;    // Choices so far.
  std::size_t steps_ = 0;    // Choices of threads so far.
  std::size_t last_thread_node_ = 0;
  std::uint32_t first_stamp_ = 0;
  std::size_t longest_ = 1;  // Steps of the longest execution so far: where PCT may switch.
  std::uint64_t executions_ = 0;
  std::uint64_t random_state_;
  std::array<std::uint32_t, max_threads> priority_{};
  std::vector<std::size_t> change_points_;
};

}  // namespace rota::model
