// Who wakes gives up the right to wake again.
#include <rota/core/waker.hpp>

void wake_twice(rota::Waker waker, rota::Waker other) {
  std::move(waker).wake();
  other.wake();  // error: 'this' argument to member function 'wake' is an lvalue
}
