// What does a fork cost its owner in the deque, and a theft its thief?
//
// Alone: a push and a take, above other entries and of the only entry. Beside a thief on another
// core that steals whatever it finds, as fast as it can, from a deque that its owner fills with
// eight and empties, and again with one: the worst that a thief can do. Only rounds in which the
// thief ran are counted. Theft: what one costs that succeeds, from a deque that nobody else
// touches. Rounds are short; medians and quartiles over them are printed.
#include <rota/core/work_deque.hpp>

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

struct Item {};
using Deque = rota::WorkDeque<Item>;

constexpr int rounds = 101;
constexpr std::uint64_t pairs = 80'000;
constexpr std::uint64_t thefts = 2'000;

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

double alone(std::size_t below) {
  auto deque = std::make_unique<Deque>();
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
        if (deque->steal() != nullptr) stolen_.fetch_add(1, std::memory_order_relaxed);
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

void beside_a_thief(Thief& thief, std::size_t depth, Beside& out) {
  auto deque = std::make_unique<Deque>();
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

double theft() {
  auto deque = std::make_unique<Deque>();
  for (std::uint64_t i = 0; i < thefts; ++i) deque->push(items[i % items.size()]);
  return ns_each(thefts, [&] {
    for (std::uint64_t i = 0; i < thefts; ++i) keep(deque->steal());
  });
}

struct Figures {
  std::vector<double> above_others, only_entry, theft;
  Beside eight, one;
};

void round_of(Thief& thief, Figures& out) {
  out.above_others.push_back(alone(2));
  out.only_entry.push_back(alone(0));
  out.theft.push_back(theft());
  beside_a_thief(thief, 8, out.eight);
  beside_a_thief(thief, 1, out.one);
}

void print(const char* what, std::vector<double> ns) {
  std::ranges::sort(ns);
  if (ns.empty()) {
    std::printf("  %-32s no round counts\n", what);
    return;
  }
  std::printf("  %-32s %6.1f (%.1f-%.1f)\n", what, ns[ns.size() / 2], ns[ns.size() / 4],
              ns[ns.size() * 3 / 4]);
}

void print_beside(const char* what, const Beside& beside) {
  print(what, beside.ns);
  if (beside.pairs == 0) return;
  std::printf("    stolen: %.1f %%\n",
              100.0 * static_cast<double>(beside.stolen) / static_cast<double>(beside.pairs));
}

}  // namespace

int main() {
  Figures figures;
  Thief thief;
  for (int round = 0; round < rounds; ++round) round_of(thief, figures);
  std::printf("ns each, median (quartiles) of %d rounds, %u processors\n", rounds,
              std::thread::hardware_concurrency());
  print("push and take above others", figures.above_others);
  print("push and take of the only entry", figures.only_entry);
  print("theft", figures.theft);
  print_beside("beside a thief, eight at a time", figures.eight);
  print_beside("beside a thief, one at a time", figures.one);
}
