// Lists point into an awaited object.
#include <rota/rota.hpp>

rota::Task<void> parent(rota::Event& event) {
  auto first = event.wait();
  auto second = first;  // error: call to deleted constructor
  co_return;
}
