// Permits are given back once.
#include <rota/semaphore.hpp>

void copy(rota::SemaphorePermits permits) {
  rota::SemaphorePermits moved = std::move(permits);
  rota::SemaphorePermits copied = moved;  // error: call to implicitly-deleted copy constructor
}
