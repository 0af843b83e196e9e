#pragma once

#include <rota/await.hpp>
#include <rota/core/check_usage.hpp>
#include <rota/core/look_wait.hpp>
#include <rota/core/wait_line.hpp>
#include <rota/result.hpp>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// What the two halves of a oneshot share: who waits, and who is gone.
///
/// Rules
///   1. Each half lets go once, under the lock. The second of them frees the core; so a half that
///      finds the other one there knows that the core stays until it lets go itself.
///   2. The value is written under the lock before the receiver is taken out of its line, and read
///      under the lock. A sender that finds the receiver gone writes nothing.
///   3. Whoever ends the receiver's wait does so after the lock and touches the core no more: the
///      receiver may run at once, let go, and be the second. So a sender that has sent lets go
///      under the same lock.
struct OneshotCore : WaitRoom {
  enum class Half : std::uint8_t { sender, receiver };

  /// Under the lock. True: the other one is gone too, and the caller frees the core.
  [[nodiscard]] bool let_go(Half half) noexcept {
    bool& gone = half == Half::sender ? sender_gone : receiver_gone;
    gone = true;
    return sender_gone && receiver_gone;
  }

  bool sender_gone = false;
  bool receiver_gone = false;
  WaitLine receivers;  // one at the most
};

/// With the value.
template <class T>
struct OneshotState : OneshotCore {
  std::optional<T> value;
};

template <class T>
class OneshotSender;
template <class T>
class OneshotReceiver;
/// The two ends of a oneshot.
template <class T>
struct Oneshot {
  OneshotSender<T> sender;
  OneshotReceiver<T> receiver;
};

/// The end of a oneshot that brings its value. Move-only.
///
/// @as OneshotReceiver
/// @threads any; `send` never waits
/// @loses nothing: nothing of it waits
/// @errors `broken_pipe` once the receiver is gone
template <class T>
class OneshotSender {
 public:
  explicit OneshotSender(OneshotState<T>& state) noexcept : state_(&state) {}
  OneshotSender(OneshotSender&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  OneshotSender& operator=(OneshotSender&& other) noexcept {
    if (this != &other) {
      drop();
      state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
  }
  ~OneshotSender() { drop(); }

  /// Never waits; once. False: the receiver is gone, and the value stays with the caller.
  [[nodiscard]] bool try_send(T& value) noexcept {
    check_usage(state_ != nullptr, "a OneshotSender sends one value, once");
    return end(&value);
  }
  /// The same, but fails with `broken_pipe`, and the value is gone.
  Result<void> send(T value) noexcept {
    if (!try_send(value)) return failure(EPIPE);
    return {};
  }
  /// Whether nobody will receive. It may be so from the next moment on.
  [[nodiscard]] bool is_abandoned() const noexcept {
    if (state_ == nullptr) return true;
    SpinGuard guard(state_->line_lock);
    return state_->receiver_gone;
  }

 private:
  void drop() noexcept {
    if (state_ != nullptr) end(nullptr);
  }
  /// Lets go, with a value or without. True: it is where the receiver finds it.
  bool end(T* value) noexcept {
    OneshotState<T>& state = *std::exchange(state_, nullptr);
    LineWait* receiver = nullptr;
    bool is_last = false;
    {
      SpinGuard guard(state.line_lock);
      is_last = state.let_go(OneshotCore::Half::sender);
      if (value != nullptr && !is_last) state.value.emplace(std::move(*value));
      receiver = LineWait::take_first(state.receivers);
    }
    LineWait::wake(receiver);
    if (is_last) delete &state;
    return !is_last;
  }

  OneshotState<T>* state_;
};

/// The end of a oneshot that waits for its value. Move-only.
///
/// @threads any, one at a time
/// @loses nothing: the value can be waited for again
/// @owns what both ends share is freed by the second of them
/// @errors `broken_pipe` once the sender is gone without sending, or the value was taken before
template <class T>
class OneshotReceiver {
 public:
  using ReceiveLeaf = LookWait<OneshotReceiver>;

  explicit OneshotReceiver(OneshotState<T>& state) noexcept : state_(&state) {}
  OneshotReceiver(OneshotReceiver&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  OneshotReceiver& operator=(OneshotReceiver&& other) noexcept {
    if (this != &other) {
      drop();
      state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
  }
  ~OneshotReceiver() { drop(); }

  /// Waits for the value.
  [[nodiscard]] Await<ReceiveLeaf> receive() noexcept {
    check_usage(state_ != nullptr, "a OneshotReceiver was used after it was moved from");
    return Await<ReceiveLeaf>(std::in_place, *this);
  }
  /// Empty: nothing there now.
  [[nodiscard]] std::optional<T> try_receive() noexcept {
    SpinGuard guard(state_->line_lock);
    return std::exchange(state_->value, std::nullopt);
  }

 private:
  friend class LookWait<OneshotReceiver>;

  [[nodiscard]] WaitRoom& room() noexcept { return *state_; }
  // Under the lock.
  [[nodiscard]] WaitLine& line() noexcept { return state_->receivers; }
  [[nodiscard]] bool is_due() noexcept { return state_->sender_gone; }
  [[nodiscard]] Result<T> take() noexcept {
    if (!state_->value) return failure(EPIPE);
    Result<T> taken(std::move(*state_->value));
    state_->value.reset();
    return taken;
  }

  void drop() noexcept {
    if (state_ == nullptr) return;
    OneshotState<T>& state = *std::exchange(state_, nullptr);
    bool is_last = false;
    {
      SpinGuard guard(state.line_lock);
      check_usage(state.receivers.empty(),
                  "a OneshotReceiver was dropped while a task waits for its value");
      is_last = state.let_go(OneshotCore::Half::receiver);
    }
    if (is_last) delete &state;
  }

  OneshotState<T>* state_;
};

/// Two ends between which one value goes, once. Throws std::bad_alloc: they share one allocation,
/// which the second end frees.
///
///     auto [sender, receiver] = rota::make_oneshot<int>();
template <class T>
[[nodiscard]] Oneshot<T> make_oneshot() {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a oneshot moves its value under a lock: moving and destroying it must not "
                "throw; send a std::unique_ptr to it");
  auto* state = new OneshotState<T>;
  return {OneshotSender<T>(*state), OneshotReceiver<T>(*state)};
}

}  // namespace rota::inline v0
