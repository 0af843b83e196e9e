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
  };

  Kind kind = Kind::load;
  bool writes = false;
  std::uint32_t object = 0;  // The number of the atomic, or every_object.

  static constexpr std::uint32_t every_object = 0;

  // Two steps of different threads that commute in every state. A step that touches every object
  // commutes with reads only.
  [[nodiscard]] constexpr bool independent_of(const Step& other) const noexcept {
    if (!writes && !other.writes) {
      return true;
    }
    return object != other.object && object != every_object && other.object != every_object;
  }
};

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
  }
  return "?";
}

}  // namespace rota::model
