// A wait under a deadline refers to the wait that it was made of, which ends with its expression.
#include <rota/rota.hpp>

rota::Task<void> parent(rota::Event& event) {
  auto set = co_await rota::timeout(rota::Duration(1), event.wait());
  auto named = rota::timeout(rota::Duration(1), event.wait());
  auto late = co_await named;  // error: selected deleted operator 'co_await'
}
