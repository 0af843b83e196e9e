// What needs a worker's driver or clock cannot be waited for by a thread that has none.
#include <rota/rota.hpp>

void wait(rota::Event& event) {
  auto set = rota::wait_in_thread(event.wait());
  auto slept = rota::wait_in_thread(rota::sleep(rota::Duration(1)));  // error: no matching function
}
