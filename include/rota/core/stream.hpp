#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/operation.hpp>

#include <cassert>
#include <cstdint>
#include <span>

namespace rota::inline v0 {

struct LentBuffer;
class Worker;

/// One result of a Stream.
struct StreamResult {
  std::int32_t result = 0;   ///< count or fd; a negative errno ends the stream, as 0 bytes do
  std::uint32_t offset = 0;  ///< where in the buffer that is lent the bytes begin
  LentBuffer* lease = nullptr;

  StreamResult() = default;
  explicit StreamResult(std::int32_t what, LentBuffer* lent = nullptr,
                        std::uint32_t begin = 0) noexcept
      : result(what), offset(begin), lease(lent) {}
};

/// A multishot operation: an Operation with a bounded ring of results.
///
/// 1. The driver delivers results with `push`; the Stream enters `done` when that makes its ring
///    non-empty, and not again before the consumer has emptied it.
/// 2. `armed` is the driver's: true from the moment it is started until the driver will deliver
///    nothing more. A full ring disarms; so do an error and a cancel, whose negative errno is the
///    last result, and the end of the bytes, whose 0 is. A consumer that finds the ring empty and
///    the Stream not armed submits it again.
/// 3. `start_limit` leaves room for what the kernel still delivers while it is being disarmed.
/// 4. While a consumer waits the next result is its own. It is put into `wanted` by the worker that
///    wakes the consumer, which may run elsewhere; the ring itself stays with that worker.
/// 5. After a cancel the Stream is terminal once it came through `done` with `armed` false. Where
///    the Descriptor lives on, that last result is nobody's: whoever looks into the ring takes it
///    away first (`forget_cancel`).
struct Stream : Operation {
  bool armed = false;
  StreamResult* wanted = nullptr;
  Atomic<Worker*> settled_at{nullptr};  ///< the home that its Descriptor may not leave meanwhile
  void (*fd_closed)(Stream&) noexcept = nullptr;  ///< tells its owner, who may free it then

  /// Of connections (accept), or of bytes in buffers that are lent (read).
  Stream(OpCode what, std::span<StreamResult> storage) noexcept : Operation(what), ring_(storage) {
    assert(storage.size() >= 2 && storage.size() <= UINT16_MAX);
    constexpr unsigned of_bytes = op_stream | op_lends;
    flags = static_cast<std::uint8_t>(what == OpCode::read ? of_bytes : unsigned{op_stream});
  }

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Whether there is a result that is nobody's yet.
  [[nodiscard]] bool has_spare() const noexcept { return count_ > (waiter != nullptr ? 1 : 0); }
  [[nodiscard]] bool full() const noexcept { return count_ == ring_.size(); }
  [[nodiscard]] std::size_t room() const noexcept { return ring_.size() - count_; }
  /// The fill level at which a driver stops asking for more.
  [[nodiscard]] bool past_start_limit() const noexcept { return count_ * 2 >= ring_.size(); }

  /// True when the ring was empty before: the Stream belongs into `done`.
  bool push(StreamResult delivered) noexcept {
    assert(!full());
    ring_[(head_ + count_) % ring_.size()] = delivered;
    return count_++ == 0;
  }

  /// Takes back the last result if that says that the Stream was cancelled.
  void forget_cancel(std::int32_t cancelled) noexcept {
    const std::size_t newest = (head_ + count_ + ring_.size() - 1) % ring_.size();
    if (count_ != 0 && ring_[newest].result == cancelled) --count_;
  }

  /// The one that `pop` would take; there must be one.
  [[nodiscard]] StreamResult& oldest() noexcept { return ring_[head_]; }

  StreamResult pop() noexcept {
    assert(!empty());
    StreamResult oldest = ring_[head_];
    head_ = static_cast<std::uint16_t>((head_ + 1u) % ring_.size());
    --count_;
    return oldest;
  }

 private:
  std::span<StreamResult> ring_;
  std::uint16_t head_ = 0;
  std::uint16_t count_ = 0;
};

}  // namespace rota::inline v0
