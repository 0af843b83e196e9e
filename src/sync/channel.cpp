#include <rota/channel.hpp>

namespace rota::inline v0 {

WaitLine ChannelCore::close() noexcept {
  SpinGuard guard(line_lock);
  closed = true;
  WaitLine woken = LineWait::take_all(senders);
  woken.append(LineWait::take_all(receivers));
  for (LineWait* wait = woken.front(); wait != nullptr; wait = wait->next) wait->fail();
  return woken;
}

}  // namespace rota::inline v0
