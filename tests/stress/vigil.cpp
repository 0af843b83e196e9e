#include "stress/vigil.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace rota::testing_stress {

namespace {

constexpr std::chrono::seconds kPatience{20};

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
  for (std::uint64_t seen = steps();;) {
    if (ended_.wait_for(lock, kPatience, [this] { return ending_; })) return;
    const std::uint64_t now = steps();
    if (now == seen) give_up();
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
