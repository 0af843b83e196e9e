// What select is awaited by may refer to waits that are gone after its expression.
#include <rota/rota.hpp>

rota::Task<void> race(rota::Event& one, rota::Event& other) {
  auto together = rota::select(one.wait(), other.wait());
  co_await together;  // error: deleted
  co_return;
}
