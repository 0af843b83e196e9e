#include "stress/vigil.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

namespace rota::testing_stress {

namespace {

constexpr std::chrono::nanoseconds kPatience = std::chrono::seconds(20);

/// What the threads of this process have had of the CPUs, and how long they had to wait for it.
struct CpuTime {
  std::chrono::nanoseconds used{0};
  std::chrono::nanoseconds waited{0};

  static CpuTime now() {
    CpuTime sum;
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
      std::ifstream times(thread.path() / "schedstat");
      std::int64_t used = 0;
      std::int64_t waited = 0;
      if (!(times >> used >> waited)) continue;  // It has ended.
      sum.used += std::chrono::nanoseconds(used);
      sum.waited += std::chrono::nanoseconds(waited);
    }
    return sum;
  }
};

/// Whether it was the machine that had no time, and no wake that was lost.
bool was_starved(const CpuTime& from, const CpuTime& to) {
  return to.waited - from.waited > kPatience / 2 && to.used - from.used < kPatience / 10;
}

}  // namespace

Vigil::Vigil() : thread_([this] { watch(); }) {}

Vigil::~Vigil() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Vigil::watch() {
  std::unique_lock lock(mutex_);
  std::optional<CpuTime> since;
  for (std::uint64_t seen = steps();;) {
    if (ended_.wait_for(lock, kPatience, [this] { return ending_; })) return;
    const std::uint64_t now = steps();
    if (now == seen) {
      // Looked at only now: it takes fds for a moment, which tests count.
      const CpuTime time = CpuTime::now();
      if (since && !was_starved(*since, time)) give_up();
      since = time;
    } else {
      since.reset();
    }
    seen = now;
  }
}

std::uint64_t Vigil::steps() const noexcept {
  std::uint64_t sum = 0;
  for (const Place& place : places_) sum += place.steps();
  return sum;
}

void Vigil::give_up() const {
  std::fprintf(stderr, "nothing moves any more; the tasks are\n");
  for (std::size_t i = 0; i < kPlaces; ++i) {
    if (places_[i].steps() == 0) continue;
    std::fprintf(stderr, "  %2zu: %s, after %llu steps\n", i, places_[i].what(),
                 static_cast<unsigned long long>(places_[i].steps()));
  }
  std::abort();
}

}  // namespace rota::testing_stress
