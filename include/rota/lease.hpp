#pragma once

#include <rota/core/lent_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace rota::inline v0 {

/// Bytes that were received into a buffer of the runtime, which is given back with the Lease: see
/// SocketStream::receive. One that is empty has no buffer.
///
/// A Lease may go to another task or thread, and may outlive its runtime. Whoever holds many of
/// them holds as many buffers, of up to 64 KiB each: what is to stay is copied.
class Lease {
 public:
  Lease() noexcept = default;
  Lease(LentBuffer& buffer, std::uint32_t received, std::size_t offset = 0) noexcept
      : buffer_(&buffer), data_(buffer.memory + offset), received_(received) {}
  Lease(Lease&& other) noexcept
      : buffer_(std::exchange(other.buffer_, nullptr)),
        data_(other.data_),
        received_(std::exchange(other.received_, 0)) {}
  Lease& operator=(Lease&& other) noexcept {
    Lease taken(std::move(other));
    std::swap(buffer_, taken.buffer_);
    std::swap(data_, taken.data_);
    std::swap(received_, taken.received_);
    return *this;
  }
  ~Lease() { give_back(); }

  /// What was received: it may be changed where it lies. Valid until the Lease is given back.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept {
    return buffer_ == nullptr ? std::span<std::byte>() : std::span<std::byte>(data_, received_);
  }
  [[nodiscard]] std::size_t size() const noexcept { return received_; }
  /// Nothing was received: the stream has ended, or the Lease was given back or moved from.
  [[nodiscard]] bool empty() const noexcept { return buffer_ == nullptr; }

  /// Ends the Lease before its time. Any thread; it does not block.
  void give_back() noexcept {
    received_ = 0;
    if (LentBuffer* buffer = std::exchange(buffer_, nullptr)) v0::give_back(*buffer);
  }

 private:
  LentBuffer* buffer_ = nullptr;
  std::byte* data_ = nullptr;
  std::uint32_t received_ = 0;
};

}  // namespace rota::inline v0
