// A forking function is no task: there is nothing to park while it waits.
#include <rota/rota.hpp>

rota::Fork<void> wait_in_fork(rota::Event& event) {
  co_await event.wait();  // error: a forking function awaits only fork, join and other
  co_return;
}
