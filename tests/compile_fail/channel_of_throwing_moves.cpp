// A channel moves its values under a lock, in code that cannot throw.
#include <rota/channel.hpp>

struct Thrower {
  Thrower() = default;
  Thrower(Thrower&&) noexcept(false) {}
};

void make() {
  rota::Channel<Thrower> channel(1);  // error: moving and destroying them must not throw
}
