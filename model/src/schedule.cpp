#include "schedule.hpp"

#include <algorithm>
#include <bit>

namespace rota::model {
namespace {

constexpr char first_thread = '0';
constexpr char first_outcome = 'a';

constexpr ThreadSet bit(std::size_t thread) { return ThreadSet{1} << thread; }

constexpr std::size_t lowest(std::uint64_t set) {
  return static_cast<std::size_t>(std::countr_zero(set));
}

}  // namespace

Schedule::Schedule(const Options& options)
    : options_(options),
      reduce_(options.reduce && !options.preemptions.has_value()),
      random_state_(options.seed * 0x9e3779b97f4a7c15U + 1) {
  nodes_.reserve(options.max_steps);
}

Schedule::Schedule(const Options& options, std::string_view replay) : Schedule(options) {
  replaying_ = true;
  replay_ = replay;
}

bool Schedule::exhaustive() const noexcept {
  return !replaying_ && options_.mode == Mode::exhaustive;
}

void Schedule::begin_execution() {
  depth_ = 0;
  steps_ = 0;
  first_stamp_ = 0;
  played_.clear();
  if (options_.mode != Mode::pct) {
    return;
  }
  const auto depth = std::max<std::uint32_t>(options_.pct_depth, 1);
  for (std::size_t t = 0; t < max_threads; ++t) {
    priority_[t] = depth + static_cast<std::uint32_t>(t);
  }
  for (std::size_t t = max_threads - 1; t > 0; --t) {
    std::swap(priority_[t], priority_[random() % (t + 1)]);
  }
  change_points_.clear();
  for (std::uint32_t i = 1; i < depth; ++i) {
    change_points_.push_back(random() % longest_);
  }
}

int Schedule::choose_thread(ThreadSet enabled, std::size_t current,
                            const std::array<Step, max_threads>& pending, const Effect& last) {
  if (exhaustive()) {
    if (depth_ == nodes_.size() && !add_thread_node(enabled, current, pending, last)) {
      return prune;
    }
    const Node& node = nodes_[depth_];
    if (node.outcomes != 0 || node.enabled != enabled) {
      return diverged;
    }
    first_stamp_ = node.first_stamp[node.chosen];
    last_thread_node_ = depth_++;
    ++steps_;
    return node.chosen;
  }
  int thread = 0;
  if (replaying_) {
    thread = choose_by_replay(enabled, first_thread);
  } else if (options_.mode == Mode::pct) {
    thread = choose_by_priority(enabled);
  } else {
    thread = any_of(enabled);
  }
  played_.push_back(static_cast<char>(first_thread + thread));
  ++depth_;
  ++steps_;
  return thread;
}

bool Schedule::add_thread_node(ThreadSet enabled, std::size_t current,
                               const std::array<Step, max_threads>& pending, const Effect& last) {
  Node node;
  node.enabled = enabled;
  node.current = static_cast<std::uint8_t>(current);
  node.deviations = deviations_so_far();
  if (reduce_ && depth_ > 0) {
    put_to_sleep(node, pending, last);
  }
  const ThreadSet from = candidates(node);
  if (from == 0) {
    return false;
  }
  select(node, from);
  nodes_.push_back(node);
  return true;
}

// Who slept at the last choice of a thread, or was explored there, and has not been woken.
void Schedule::put_to_sleep(Node& node, const std::array<Step, max_threads>& pending,
                            const Effect& last) const {
  const Node& before = nodes_[last_thread_node_];
  for (std::size_t t = 0; t < max_threads; ++t) {
    const bool whole = ((before.asleep | before.explored) & bit(t)) != 0;
    if (t == before.chosen || (!whole && before.first_stamp[t] == 0)) {
      continue;
    }
    const Wake woken = wake(last.step, pending[t]);
    if (whole && woken == Wake::none) {
      node.asleep |= bit(t);
    } else if (woken != Wake::all) {
      node.first_stamp[t] = whole ? last.first_stamp : before.first_stamp[t];
    }
  }
}

int Schedule::choose_outcome(std::uint64_t outcomes) {
  if (exhaustive()) {
    if (depth_ == nodes_.size()) {
      Node node;
      node.outcomes = outcomes;
      node.chosen = static_cast<std::uint8_t>(lowest(outcomes));
      node.deviations = deviations_so_far();
      nodes_.push_back(node);
    }
    const Node& node = nodes_[depth_];
    if ((node.outcomes >> node.chosen) != (outcomes >> node.chosen)) {
      return diverged;
    }
    ++depth_;
    return node.chosen;
  }
  int outcome = static_cast<int>(lowest(outcomes));
  if (replaying_) {
    outcome = choose_by_replay(outcomes, first_outcome);
  } else if (random() % 2 == 0) {
    outcome = any_of(outcomes);
  }
  played_.push_back(static_cast<char>(first_outcome + outcome));
  ++depth_;
  return outcome;
}

std::uint32_t Schedule::deviations_so_far() const noexcept {
  if (depth_ == 0) {
    return 0;
  }
  const Node& last = nodes_[depth_ - 1];
  const bool deviates =
      last.outcomes != 0 ? last.chosen != 0
                         : (last.enabled & bit(last.current)) != 0 && last.chosen != last.current;
  return last.deviations + (deviates ? 1 : 0);
}

bool Schedule::bound_reached(const Node& node) const noexcept {
  return options_.preemptions && node.deviations >= *options_.preemptions;
}

ThreadSet Schedule::candidates(const Node& node) const noexcept {
  ThreadSet from = node.enabled & ~node.asleep & ~node.explored;
  if (bound_reached(node) && (node.enabled & bit(node.current)) != 0) {
    from &= bit(node.current);
  }
  return from;
}

void Schedule::select(Node& node, ThreadSet from) noexcept {
  // The current thread first: the earliest executions are those with the fewest switches.
  node.chosen =
      (from & bit(node.current)) != 0 ? node.current : static_cast<std::uint8_t>(lowest(from));
}

// The next branch of a node whose present one has been explored; false when it has none.
bool Schedule::select_next(Node& node) const noexcept {
  if (node.outcomes != 0) {
    node.outcomes &= ~(std::uint64_t{1} << node.chosen);
    if (node.outcomes == 0 || bound_reached(node)) {
      return false;
    }
    node.chosen = static_cast<std::uint8_t>(lowest(node.outcomes));
    return true;
  }
  node.explored |= bit(node.chosen);
  const ThreadSet from = candidates(node);
  if (from == 0) {
    return false;
  }
  select(node, from);
  return true;
}

int Schedule::choose_by_priority(ThreadSet enabled) {
  const auto best = [&] {
    std::size_t thread = lowest(enabled);
    for (ThreadSet rest = enabled; rest != 0; rest &= rest - 1) {
      thread = priority_[lowest(rest)] > priority_[thread] ? lowest(rest) : thread;
    }
    return thread;
  };
  for (std::size_t i = 0; i < change_points_.size(); ++i) {
    if (change_points_[i] == steps_) {
      priority_[best()] = static_cast<std::uint32_t>(i);
    }
  }
  return static_cast<int>(best());
}

int Schedule::choose_by_replay(std::uint64_t possible, char first) {
  const auto wanted =
      depth_ < replay_.size() ? static_cast<std::size_t>(replay_[depth_] - first) : 64;
  const bool chosen = wanted < 64 && (possible >> wanted & 1) != 0;
  return static_cast<int>(chosen ? wanted : lowest(possible));
}

int Schedule::any_of(std::uint64_t set) {
  auto skip = random() % static_cast<std::uint64_t>(std::popcount(set));
  for (; skip > 0; --skip) {
    set &= set - 1;
  }
  return static_cast<int>(lowest(set));
}

bool Schedule::next_execution() {
  ++executions_;
  longest_ = std::max(longest_, steps_);
  if (replaying_) {
    return false;
  }
  if (options_.mode != Mode::exhaustive) {
    return executions_ < options_.runs;
  }
  nodes_.resize(depth_);
  while (!nodes_.empty() && !select_next(nodes_.back())) {
    nodes_.pop_back();
  }
  return !nodes_.empty();
}

std::string Schedule::choices() const {
  if (!exhaustive()) {
    return played_;
  }
  std::string result;
  for (std::size_t i = 0; i < depth_; ++i) {
    const char first = nodes_[i].outcomes != 0 ? first_outcome : first_thread;
    result.push_back(static_cast<char>(first + nodes_[i].chosen));
  }
  return result;
}

std::uint64_t Schedule::random() {
  random_state_ ^= random_state_ << 13;
  random_state_ ^= random_state_ >> 7;
  random_state_ ^= random_state_ << 17;
  return random_state_;
}

}  // namespace rota::model
