// A oneshot has one sender.
#include <rota/oneshot.hpp>

void twice(rota::OneshotSender<int>& sender) {
  rota::OneshotSender<int> moved = std::move(sender);
  rota::OneshotSender<int> copied = moved;  // error: deleted
}
