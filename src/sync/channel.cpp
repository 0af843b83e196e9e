#include <rota/channel.hpp>

namespace rota::inline v0 {

void ChannelCore::enqueue(ChannelWait& wait, LinkedList<ChannelWait>& line) noexcept {
  wait.linked = true;
  line.push_back(wait);
}

ChannelWait* ChannelCore::take_first(LinkedList<ChannelWait>& line) noexcept {
  ChannelWait* first = line.pop_front();
  if (first != nullptr) first->linked = false;
  return first;
}

bool ChannelCore::withdraw(ChannelWait& wait, LinkedList<ChannelWait>& line) noexcept {
  SpinGuard guard(lock);
  if (!wait.linked) return false;
  wait.linked = false;
  wait.stopped = true;
  line.remove(wait);
  return true;
}

LinkedList<ChannelWait> ChannelCore::close() noexcept {
  SpinGuard guard(lock);
  closed = true;
  LinkedList<ChannelWait> woken;
  for (LinkedList<ChannelWait>* line : {&senders, &receivers}) {
    while (ChannelWait* wait = take_first(*line)) {
      wait->failed = true;
      woken.push_back(*wait);
    }
  }
  return woken;
}

}  // namespace rota::inline v0
