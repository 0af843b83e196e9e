// What is not lock-free on every machine is no atomic of Rota.
#include <rota/core/atomic.hpp>

struct Pair {
  long first, second;
};

rota::Atomic<long> fits;
rota::Atomic<Pair> does_not;  // error: static assertion failed
