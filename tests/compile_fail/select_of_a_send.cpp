// A send that loses a race would lose its value.
#include <rota/rota.hpp>

rota::Task<void> race(rota::Channel<int>& channel, rota::JoinHandle<int>& sending) {
  auto ended = co_await rota::select(sending.join(), rota::sleep(rota::Duration(1)));
  auto lost = co_await rota::select(channel.send(1), channel.receive());  // error: loses work
}
