// A broadcast copies its values under a lock, in code that cannot throw.
#include <rota/broadcast.hpp>

struct Thrower {
  Thrower() = default;
  Thrower(const Thrower&) {}
};

void make() {
  rota::Broadcast<Thrower> broadcast(1);  // error: a broadcast copies its values under a lock
}
