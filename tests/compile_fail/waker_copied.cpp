// A suspension ends by exactly one wake.
#include <rota/core/waker.hpp>

void copy(rota::Waker waker) {
  rota::Waker moved = std::move(waker);
  rota::Waker copied = moved;  // error: call to implicitly-deleted copy constructor
}
