#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <utility>

namespace rota::inline v0 {

/// The leaf of one who waits until there is something to look at, and who looks when its task runs:
/// the receivers of Oneshot, Broadcast and Watch. Whoever brings something ends all the waits that
/// it is for, and hands nothing over.
///
/// A Reader has `WaitRoom& room()` and, under the lock of that room, `WaitLine& line()`, `bool
/// is_due()` and `take()`, which yields a Result and is called once it is due. A stop takes the
/// wait out of the line and leaves what there is to look at; one that was ended before it looks.
template <class Reader>
class LookWait : public LineWait {
 public:
  static constexpr bool any_thread = true;
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit LookWait(Reader& reader) noexcept : LineWait(reader.room()), reader_(reader) {}

  bool start(Runnable& self) noexcept {
    SpinGuard guard(room().line_lock);
    if (reader_.is_due()) return false;
    park_in(reader_.line(), self, [](Leaf& leaf) noexcept {
      auto& wait = static_cast<LookWait&>(leaf);
      wait.stop_in(wait.reader_.line());
    });
    return true;
  }
  auto finish() noexcept -> decltype(std::declval<Reader&>().take()) {
    if (stopped()) return failure(ECANCELED);
    SpinGuard guard(room().line_lock);
    return reader_.take();
  }

 private:
  Reader& reader_;
};

}  // namespace rota::inline v0
