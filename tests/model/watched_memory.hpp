#pragma once

#include "model/explorer.hpp"

#include <cstddef>

// What a model sees of code that ships, whose variables are no `Plain`: a compiler that can find
// data races announces each of its accesses to memory (-fsanitize=thread), and here these are
// checked as if each were one of a Plain. So are the steps of its atomics, against the end of the
// memory that they lie in.
//
// Accesses are told apart by words of eight bytes.
namespace rota::model {

// Whether this build announces plain accesses. Without that a model still sees the values, the
// waits and the steps of atomics in memory that is gone.
inline constexpr bool sees_plain_accesses = ROTA_MODEL_SEES_PLAIN_ACCESSES != 0;

// First in a scenario: nothing is watched yet.
void begin_watching();

void watch(const void* memory, std::size_t bytes, const char* name);
// By whoever made the object, before others know it.
template <class T>
void watch(const T& object, const char* name) {
  watch(&object, sizeof(T), name);
}

// The end of watched memory: whoever touches it later, or before and not ordered with this, fails
// the execution.
void end_of(const void* memory);

// What the compiler announces (announced_accesses.cpp).
void read_of(const void* memory, std::size_t bytes);
void write_of(const void* memory, std::size_t bytes);

// While one of these lives, whatever is allocated is watched until it is freed, and not used again
// in this execution. Around what makes an object of the code under test, and takes no step.
class WatchedHeap {
 public:
  WatchedHeap() noexcept;
  ~WatchedHeap();
  WatchedHeap(const WatchedHeap&) = delete;
  WatchedHeap& operator=(const WatchedHeap&) = delete;
};

// The watched blocks that nobody has freed.
[[nodiscard]] std::size_t blocks_left() noexcept;

// An exploration of a scenario that watches.
template <class Scene>
Report explore_watched(const Options& options, Scene scene) {
  return explore(options, [scene] {
    begin_watching();
    scene();
  });
}

}  // namespace rota::model
