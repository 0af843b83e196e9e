// A lock whose guard is dropped at once guards nothing.
#include <rota/rota.hpp>

rota::Task<void> touch(rota::Mutex& mutex, int& count) {
  auto guard = co_await mutex.lock();
  co_await mutex.lock();  // error: ignoring return value
  count += guard ? 1 : 0;
}
