#pragma once
#include <utility>

namespace canary {

// A value that knows whether it is alive. A shape is wrong when one is destroyed twice, read
// after its end, or never destroyed; counting here turns most crashes into a plain "wrong".
class Tracked {
 public:
  static inline int live = 0;
  static inline int misused = 0;
  static bool balanced() { return live == 0 && misused == 0; }

  explicit Tracked(int number) : number_(number) { begin(); }
  Tracked(const Tracked& other) : number_(other.number()) { begin(); }
  Tracked(Tracked&& other) noexcept : number_(other.number()) { begin(); }
  Tracked& operator=(const Tracked& other) {
    number_ = other.number();
    return *this;
  }
  ~Tracked() {
    if (mark_ != alive) ++misused;
    mark_ = dead;
    --live;
  }

  int number() const {
    if (mark_ != alive || self_ != this) ++misused;  // self_: a frame must not copy it bytewise
    return number_;
  }

 private:
  static constexpr unsigned alive = 0x600df00d;
  static constexpr unsigned dead = 0xdeadbea7;
  void begin() { ++live; }

  int number_;
  volatile unsigned mark_ = alive;
  const Tracked* self_ = this;
};

}  // namespace canary
