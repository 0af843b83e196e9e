// What do a million armed timers cost, beside the least that a wheel can do?
//
// Insert in random order of due time, remove in random order, and expire in steps, each over one
// million entries; the limit is a bare wheel of the same kind with ticks of 2^20 ns, no exact due
// times, no count and everything inline. Rounds alternate; medians over the rounds are printed.
#include "time/timer_wheel.hpp"

#include "bench/raw/bare_wheel.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <vector>

namespace {

using rota::bench::BareTimer;
using rota::bench::BareWheel;

constexpr std::size_t timers = 1'000'000;
constexpr int rounds = 9;
constexpr std::int64_t window_ns = 500'000'000;

std::uint64_t fired = 0;

struct Entry : rota::TimerEntry {
  Entry() : TimerEntry([](rota::TimerEntry&) noexcept { ++fired; }) {}
};

struct Figures {
  std::vector<double> insert_ns, remove_ns, expire_ns;
};

template <class Body>
double ns_each(Body body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / static_cast<double>(timers);
}

void round_of_rota(std::span<const std::int64_t> due_ns, std::span<const std::uint32_t> order,
                   std::int64_t step_ns, Figures& out) {
  auto wheel = std::make_unique<rota::TimerWheel>(rota::Instant{0});
  std::vector<Entry> entries(timers);
  const auto fill = [&] {
    for (std::size_t i = 0; i < timers; ++i) wheel->insert(entries[i], rota::Instant{due_ns[i]});
  };
  out.insert_ns.push_back(ns_each(fill));
  out.remove_ns.push_back(ns_each([&] {
    for (const std::uint32_t i : order) wheel->remove(entries[i]);
  }));
  fill();
  rota::TimerList due;
  out.expire_ns.push_back(ns_each([&] {
    for (std::int64_t now = 0; !wheel->empty(); now += step_ns) {
      wheel->expire(rota::Instant{now}, due);
      while (rota::TimerEntry* entry = due.pop_front()) entry->fire(*entry);
    }
  }));
}

void round_of_raw(std::span<const std::int64_t> due_ns, std::span<const std::uint32_t> order,
                  std::int64_t step_ns, Figures& out) {
  auto wheel = std::make_unique<BareWheel>();
  std::vector<BareTimer> nodes(timers);
  for (BareTimer& node : nodes) node.fire = [](BareTimer&) noexcept { ++fired; };
  const auto fill = [&] {
    for (std::size_t i = 0; i < timers; ++i) wheel->insert(nodes[i], due_ns[i]);
  };
  out.insert_ns.push_back(ns_each(fill));
  out.remove_ns.push_back(ns_each([&] {
    for (const std::uint32_t i : order) BareWheel::remove(nodes[i]);
  }));
  fill();
  const std::uint64_t goal = fired + timers;
  out.expire_ns.push_back(ns_each([&] {
    for (std::int64_t now = 0; fired < goal; now += step_ns) wheel->expire(now);
  }));
}

void print(const char* what, std::vector<double> rota_ns, std::vector<double> raw_ns) {
  std::ranges::sort(rota_ns);
  std::ranges::sort(raw_ns);
  std::printf("  %-8s rota %6.1f (%.1f-%.1f)   raw %6.1f (%.1f-%.1f)\n", what,
              rota_ns[rounds / 2], rota_ns.front(), rota_ns.back(), raw_ns[rounds / 2],
              raw_ns.front(), raw_ns.back());
}

}  // namespace

int main() {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> when(0, window_ns);
  std::vector<std::int64_t> due_ns(timers);
  std::ranges::generate(due_ns, [&] { return when(random); });
  std::vector<std::uint32_t> order(timers);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::shuffle(order, random);

  std::printf("ns per timer, median (least-most) of %d rounds, %zu timers within %lld ms\n", rounds,
              timers, static_cast<long long>(window_ns / 1'000'000));
  for (const std::int64_t step_ns : {10'000LL, 100'000LL, 1'000'000LL, 10'000'000LL}) {
    Figures rota_figures;
    Figures raw_figures;
    for (int round = 0; round < rounds; ++round) {
      round_of_rota(due_ns, order, step_ns, rota_figures);
      round_of_raw(due_ns, order, step_ns, raw_figures);
    }
    std::printf("expire every %lld us\n", static_cast<long long>(step_ns / 1000));
    print("insert", rota_figures.insert_ns, raw_figures.insert_ns);
    print("remove", rota_figures.remove_ns, raw_figures.remove_ns);
    print("expire", rota_figures.expire_ns, raw_figures.expire_ns);
  }
}
