// One guard, one unlock.
#include <rota/mutex.hpp>

void copy(rota::MutexGuard guard) {
  rota::MutexGuard moved = std::move(guard);
  rota::MutexGuard copied = moved;  // error: call to implicitly-deleted copy constructor
}
