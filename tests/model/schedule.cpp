#include "model/schedule.hpp"

#include <algorithm>
#include <bit>

namespace rota::model {
namespace {

constexpr ThreadSet bit(std::size_t thread) { return ThreadSet{1} << thread; }

constexpr std::size_t lowest(ThreadSet set) {
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

void Schedule::begin_execution() {
  depth_ = 0;
  asleep_ = 0;
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

int Schedule::choose(ThreadSet enabled, std::size_t current,
                     const std::array<Step, max_threads>& pending) {
  if (!replaying_ && options_.mode == Mode::exhaustive) {
    return choose_exhaustively(enabled, current, pending);
  }
  int thread = 0;
  if (replaying_) {
    thread = choose_by_replay(enabled);
  } else if (options_.mode == Mode::pct) {
    thread = choose_by_priority(enabled);
  } else {
    auto skip = random() % static_cast<std::uint64_t>(std::popcount(enabled));
    for (; skip > 0; --skip) {
      enabled &= enabled - 1;
    }
    thread = static_cast<int>(lowest(enabled));
  }
  played_.push_back(static_cast<char>('0' + thread));
  ++depth_;
  return thread;
}

int Schedule::choose_exhaustively(ThreadSet enabled, std::size_t current,
                                  const std::array<Step, max_threads>& pending) {
  if (depth_ == nodes_.size()) {
    Node node;
    node.enabled = enabled;
    node.asleep = asleep_;
    node.current = static_cast<std::uint8_t>(current);
    if (depth_ > 0) {
      const Node& last = nodes_[depth_ - 1];
      const bool preempted =
          (last.enabled & bit(last.current)) != 0 && last.chosen != last.current;
      node.preemptions = last.preemptions + (preempted ? 1 : 0);
    }
    const ThreadSet from = candidates(node);
    if (from == 0) {
      return prune;
    }
    select(node, from);
    nodes_.push_back(node);
  }
  const Node& node = nodes_[depth_];
  if (node.enabled != enabled) {
    return diverged;
  }
  ++depth_;
  if (reduce_) {
    asleep_ = 0;
    for (ThreadSet rest = node.asleep | node.explored; rest != 0; rest &= rest - 1) {
      if (pending[lowest(rest)].independent_of(pending[node.chosen])) {
        asleep_ |= bit(lowest(rest));
      }
    }
  }
  return node.chosen;
}

ThreadSet Schedule::candidates(const Node& node) const {
  ThreadSet from = node.enabled & ~node.asleep & ~node.explored;
  const bool bound_reached = options_.preemptions && node.preemptions >= *options_.preemptions;
  if (bound_reached && (node.enabled & bit(node.current)) != 0) {
    from &= bit(node.current);
  }
  return from;
}

void Schedule::select(Node& node, ThreadSet from) const {
  // The current thread first: the earliest executions are those with the fewest switches.
  node.chosen = (from & bit(node.current)) != 0 ? node.current
                                                : static_cast<std::uint8_t>(lowest(from));
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
    if (change_points_[i] == depth_) {
      priority_[best()] = static_cast<std::uint32_t>(i);
    }
  }
  return static_cast<int>(best());
}

int Schedule::choose_by_replay(ThreadSet enabled) {
  const auto wanted =
      depth_ < replay_.size() ? static_cast<std::size_t>(replay_[depth_] - '0') : max_threads;
  const bool possible = wanted < max_threads && (enabled & bit(wanted)) != 0;
  return static_cast<int>(possible ? wanted : lowest(enabled));
}

bool Schedule::next_execution() {
  ++executions_;
  longest_ = std::max(longest_, depth_);
  if (replaying_) {
    return false;
  }
  if (options_.mode != Mode::exhaustive) {
    return executions_ < options_.runs;
  }
  nodes_.resize(depth_);
  while (!nodes_.empty()) {
    Node& node = nodes_.back();
    node.explored |= bit(node.chosen);
    const ThreadSet from = candidates(node);
    if (from != 0) {
      select(node, from);
      return true;
    }
    nodes_.pop_back();
  }
  return false;
}

std::string Schedule::choices() const {
  if (replaying_ || options_.mode != Mode::exhaustive) {
    return played_;
  }
  std::string result;
  for (std::size_t i = 0; i < depth_; ++i) {
    result.push_back(static_cast<char>('0' + nodes_[i].chosen));
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
