#pragma once

#include <cstdint>

namespace rota::model {

// One visible operation of a thread, known before it is executed.
struct Step {
  enum class Kind : std::uint8_t {
    load,
    store,
    exchange,
    compare_exchange,
    add,
    bits,
    wait,
    pause,
    barrier,
  };

  Kind kind = Kind::load;
  bool reads = true;
  bool writes = false;
  bool versioned = false;               // Of an atomic whose older values can still be read.
  std::uint32_t object = every_object;  // A number, the same for all steps on one object.

  static constexpr std::uint32_t every_object = 0;
};

// What a step that has been executed means to the pending step of another thread, all of whose
// outcomes were explored where the executed step had not been taken.
enum class Wake : std::uint8_t {
  none,   // The two commute: every outcome has been explored.
  newer,  // Only outcomes that return what was just written have not.
  all,    // The order of the two matters.
};

// `executed.writes` says whether it did write, which a compare_exchange that failed has not.
//
// Two steps on a versioned object commute unless one returns what the other wrote. A load may also
// return the older values after the write, and two writes may come in either modification order
// whichever runs first: each execution of the one order is one of the other.
[[nodiscard]] constexpr Wake wake(const Step& executed, const Step& sleeping) noexcept {
  if (!executed.writes && !sleeping.writes) {
    return Wake::none;
  }
  if (executed.object == Step::every_object || sleeping.object == Step::every_object) {
    return Wake::all;
  }
  if (executed.object != sleeping.object) {
    return Wake::none;
  }
  if (!executed.versioned) {
    return Wake::all;
  }
  return executed.writes && sleeping.reads ? Wake::newer : Wake::none;
}

[[nodiscard]] constexpr const char* to_string(Step::Kind kind) noexcept {
  switch (kind) {
    case Step::Kind::load: return "load";
    case Step::Kind::store: return "store";
    case Step::Kind::exchange: return "exchange";
    case Step::Kind::compare_exchange: return "compare_exchange";
    case Step::Kind::add: return "add";
    case Step::Kind::bits: return "bits";
    case Step::Kind::wait: return "wait";
    case Step::Kind::pause: return "pause";
    case Step::Kind::barrier: return "barrier";
  }
  return "?";
}

}  // namespace rota::model
