// What does a fork cost its owner in the deque, and a theft its thief, by who pays for the order
// between the two (rule 5 of work_deque.hpp)?
//
// Alone: a push and a take, above other entries and of the only entry. Beside a thief on another
// core that steals whatever it finds, as fast as it can, from a deque that its owner fills with
// eight and empties, and again with one: the worst that a thief can do. Only rounds in which the
// thief ran are counted. Theft: what one costs that succeeds, from a deque that nobody else
// touches. Rounds are short and alternate; medians and quartiles over them are printed.
#include <rota/core/work_deque.hpp>

#include "base/membarrier.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

namespace {

using rota::DequeBarrier;

struct Item {};
using Deque = rota::WorkDeque<Item>;

constexpr int rounds = 101;
constexpr std::uint64_t pairs = 80'000;
constexpr std::uint64_t thefts = 2'000;

constexpr auto barrier = [] { rota::process_barrier(); };

template <class Body>
double ns_each(std::uint64_t count, Body body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(count);
}

std::array<Item, 8> items;

// Keeps the compiler from seeing through a deque that nobody else has.
void keep(const Item* item) { asm volatile("" : : "r"(item) : "memory"); }

double alone(DequeBarrier who, std::size_t below) {
  auto deque = std::make_unique<Deque>(who);
  for (std::size_t i = 0; i < below; ++i) deque->push(items[i]);
  return ns_each(pairs, [&] {
    for (std::uint64_t i = 0; i < pairs; ++i) {
      deque->push(items[i % items.size()]);
      keep(deque->take());
    }
  });
}

/// Steals from whatever deque it is shown, from its construction to its end.
class Thief {
 public:
  ~Thief() {
    over_.store(true);
    thread_.join();
  }
  /// Null: from none. Returns when the thief has let go of the last one.
  void show(Deque* deque) {
    shown_.store(deque);
    while (seen_.load() != deque) std::this_thread::yield();
  }
  [[nodiscard]] std::uint64_t tries() const { return tries_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t stolen() const { return stolen_.load(std::memory_order_relaxed); }

 private:
  void steal() {
    while (!over_.load(std::memory_order_relaxed)) {
      Deque* deque = shown_.load();
      seen_.store(deque);
      if (deque == nullptr) {
        std::this_thread::yield();
        continue;
      }
      for (int i = 0; i < 64; ++i) {
        if (deque->steal(barrier) != nullptr) stolen_.fetch_add(1, std::memory_order_relaxed);
      }
      tries_.fetch_add(64, std::memory_order_relaxed);
    }
  }

  std::atomic<Deque*> shown_{nullptr};
  std::atomic<Deque*> seen_{nullptr};
  std::atomic<std::uint64_t> tries_{0};
  std::atomic<std::uint64_t> stolen_{0};
  std::atomic<bool> over_{false};
  std::thread thread_{[this] { steal(); }};
};

struct Beside {
  std::vector<double> ns;
  std::uint64_t pairs = 0;
  std::uint64_t stolen = 0;
};

void beside_a_thief(Thief& thief, DequeBarrier who, std::size_t depth, Beside& out) {
  auto deque = std::make_unique<Deque>(who);
  thief.show(deque.get());
  const std::uint64_t tries = thief.tries();
  const std::uint64_t stolen = thief.stolen();
  const double result = ns_each(pairs, [&] {
    for (std::uint64_t i = 0; i < pairs / depth; ++i) {
      for (std::size_t k = 0; k < depth; ++k) deque->push(items[k]);
      for (std::size_t k = 0; k < depth; ++k) keep(deque->take());
    }
  });
  const std::uint64_t tried = thief.tries() - tries;
  if (tried >= pairs / 100) {
    out.ns.push_back(result);
    out.pairs += pairs;
    out.stolen += thief.stolen() - stolen;
  }
  thief.show(nullptr);
}

double theft(DequeBarrier who) {
  auto deque = std::make_unique<Deque>(who);
  for (std::uint64_t i = 0; i < thefts; ++i) deque->push(items[i % items.size()]);
  return ns_each(thefts, [&] {
    for (std::uint64_t i = 0; i < thefts; ++i) keep(deque->steal(barrier));
  });
}

struct Figures {
  std::vector<double> above_others, only_entry, theft;
  Beside eight, one;
};

void round_of(DequeBarrier who, Thief& thief, Figures& out) {
  out.above_others.push_back(alone(who, 2));
  out.only_entry.push_back(alone(who, 0));
  out.theft.push_back(theft(who));
  beside_a_thief(thief, who, 8, out.eight);
  beside_a_thief(thief, who, 1, out.one);
}

void print_spread(const char* who, std::vector<double> ns) {
  std::ranges::sort(ns);
  if (ns.empty()) {
    std::printf("   %s: no round counts", who);
    return;
  }
  std::printf("   %s %6.1f (%.1f-%.1f)", who, ns[ns.size() / 2], ns[ns.size() / 4],
              ns[ns.size() * 3 / 4]);
}

void print(const char* what, const std::vector<double>& owner, const std::vector<double>& thief) {
  std::printf("  %-32s", what);
  print_spread("owner", owner);
  print_spread("thief", thief);
  std::printf("\n");
}

double per_cent(const Beside& beside) {
  return 100.0 * static_cast<double>(beside.stolen) / static_cast<double>(beside.pairs);
}

}  // namespace

int main() {
  if (!rota::register_process_barrier()) {
    std::puts("no membarrier here: only the owner can pay");
    return 1;
  }
  Figures owner;
  Figures thief;
  Thief hands;
  for (int round = 0; round < rounds; ++round) {
    round_of(DequeBarrier::owner, hands, owner);
    round_of(DequeBarrier::thief, hands, thief);
  }
  std::printf("ns each by who pays, median (quartiles) of %d rounds, %u processors\n", rounds,
              std::thread::hardware_concurrency());
  print("push and take above others", owner.above_others, thief.above_others);
  print("push and take of the only entry", owner.only_entry, thief.only_entry);
  print("theft", owner.theft, thief.theft);
  print("beside a thief, eight at a time", owner.eight.ns, thief.eight.ns);
  print("beside a thief, one at a time", owner.one.ns, thief.one.ns);
  std::printf("  stolen of eight %.1f %% and %.1f %%, of one %.1f %% and %.1f %%\n",
              per_cent(owner.eight), per_cent(thief.eight), per_cent(owner.one),
              per_cent(thief.one));
}
