// A leaf parks a runnable of Rota; a coroutine of another library has none.
#include <rota/rota.hpp>

struct Foreign {
  struct promise_type {
    Foreign get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

Foreign foreign(rota::Event& event) {
  co_await std::suspend_never();
  auto set = co_await event.wait();  // error: no matching member function for call
}
