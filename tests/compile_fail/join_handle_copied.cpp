// The result is taken once.
#include <rota/rota.hpp>

void copy(rota::JoinHandle<int> handle) {
  rota::JoinHandle<int> moved = std::move(handle);
  rota::JoinHandle<int> copied = moved;  // error: call to implicitly-deleted copy constructor
}
