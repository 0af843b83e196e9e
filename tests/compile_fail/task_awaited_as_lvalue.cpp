// A task is awaited once: whoever awaits it gives it up.
#include <rota/rota.hpp>

rota::Task<int> parent(rota::Task<int> child, rota::Task<int> other) {
  int value = co_await std::move(child);
  value += co_await other;  // error: no member named 'await_ready' in 'rota::Task<int>'
  co_return value;
}
