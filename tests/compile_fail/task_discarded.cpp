// A task that nobody awaits or spawns never runs.
#include <rota/rota.hpp>

rota::Task<void> work();

rota::Task<void> parent() {
  co_await work();
  work();  // error: ignoring return value
}
