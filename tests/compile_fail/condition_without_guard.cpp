// A condition is waited for with its mutex locked.
#include <rota/rota.hpp>

rota::Task<void> wait(rota::ConditionVariable& changed, rota::Mutex& mutex) {
  auto guard = co_await mutex.lock();
  auto notified = co_await changed.wait(*guard);
  auto without = co_await changed.wait(mutex);  // error: unrelated type
}
