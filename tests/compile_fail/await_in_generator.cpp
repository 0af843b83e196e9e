// A Generator waits for nothing.
#include <rota/rota.hpp>

rota::Generator<int> numbers(rota::Event& event) {
  co_await event.wait();  // error: deleted
  co_yield 1;
}
