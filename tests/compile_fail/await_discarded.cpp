// Without co_await nothing is waited for.
#include <rota/rota.hpp>

#include <chrono>

rota::Task<void> parent(rota::Event& event) {
  auto set = co_await event.wait();
  event.wait();  // error: ignoring return value
}
