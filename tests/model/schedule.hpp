#pragma once

#include "model/options.hpp"
#include "model/step.hpp"
#include "model/vector_clock.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rota::model {

// A set of threads, bit t for thread t.
using ThreadSet = std::uint32_t;

// Chooses which thread takes the next step, and what to try in the next execution.
//
// Exhaustive: depth-first over the tree of choices, by replaying the prefix of the last execution
// and taking the next branch of its deepest node that has one. With `reduce`, sleep sets
// (Godefroid) leave out what would only repeat an execution with independent neighbours swapped: a
// thread whose branch has been explored at a node sleeps below the node's other branches until a
// step that does not commute with its pending one wakes it.
class Schedule {
 public:
  static constexpr int prune = -1;
  static constexpr int diverged = -2;

  explicit Schedule(const Options& options);

  // Plays the given choices, one character per step, and continues with the lowest thread.
  Schedule(const Options& options, std::string_view replay);

  void begin_execution();

  // The thread for the next step. `current` took the last one. `prune` when every enabled thread
  // sleeps: each continuation repeats one that has been explored. `diverged` when a replayed prefix
  // does not lead where it led before: the model is not deterministic.
  int choose(ThreadSet enabled, std::size_t current, const std::array<Step, max_threads>& pending);

  // False when there is nothing left to explore.
  bool next_execution();

  [[nodiscard]] std::string choices() const;

 private:
  struct Node {
    ThreadSet enabled = 0;
    ThreadSet asleep = 0;
    ThreadSet explored = 0;
    std::uint8_t chosen = 0;
    std::uint8_t current = 0;
    std::uint32_t preemptions = 0;  // Before this step.
  };

  [[nodiscard]] ThreadSet candidates(const Node& node) const;
  void select(Node& node, ThreadSet from) const;
  int choose_exhaustively(ThreadSet enabled, std::size_t current,
                          const std::array<Step, max_threads>& pending);
  int choose_by_priority(ThreadSet enabled);
  int choose_by_replay(ThreadSet enabled);
  std::uint64_t random();

  Options options_;
  bool reduce_;
  bool replaying_ = false;
  std::string replay_;
  std::vector<Node> nodes_;    // Exhaustive: the path of this execution.
  std::string played_;         // Other modes: the choices of this execution.
  std::size_t depth_ = 0;
  std::size_t longest_ = 1;    // Steps of the longest execution so far: where PCT may switch.
  ThreadSet asleep_ = 0;
  std::uint64_t executions_ = 0;
  std::uint64_t random_state_;
  std::array<std::uint32_t, max_threads> priority_{};
  std::vector<std::size_t> change_points_;
};

}  // namespace rota::model
