#pragma once

#include <rota/core/stream.hpp>

#include "driver/lender.hpp"
#include "driver/uring/abi.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rota::inline v0 {

/// The buffers of which the kernel takes as much as each message needs, so that messages which
/// follow each other lie side by side in one of them, whoever they are for. All that is offered
/// passes through the cache: few are, all of them large.
///
/// 1. A completion names its buffer, and not where in it the bytes begin. That follows from the
///    bytes before it, so completions have to come in the order in which the kernel took the parts.
///    Those of receives that complete more than once do (ring_shares_buffers), and nothing else
///    uses this group.
/// 2. A buffer is used up when its last byte is. The kernel has a flag for that, which is wrong
///    at the end of a stream in some releases, so bytes are counted here.
/// 3. The ring holds a buffer until it is used up, and each result holds it: LentBuffer::holders.
class UringSharedBuffers {
 public:
  /// The number of the group; those below are of UringBuffers.
  static constexpr std::uint16_t kGroup = kLentSizes.size();

  /// Null with an errno in `error`.
  [[nodiscard]] static std::unique_ptr<UringSharedBuffers> make(io_uring& ring, Lender& lender,
                                                                int& error) noexcept;
  UringSharedBuffers(const UringSharedBuffers&) = delete;
  UringSharedBuffers& operator=(const UringSharedBuffers&) = delete;
  /// After the ring of requests: the kernel uses them no more.
  ~UringSharedBuffers();

  /// Offers as many as are to be there. False: there is none, and all of them are lent.
  bool refill() noexcept;
  /// For how many messages of some size: more than that find none.
  [[nodiscard]] std::uint32_t offered() const noexcept { return offered_ * kMessages; }
  /// The kernel has put so many bytes, at least one, behind those before in this one.
  [[nodiscard]] StreamResult take(std::uint16_t number, std::uint32_t bytes) noexcept;

 private:
  static constexpr std::uint32_t kPlaces = most_kept(LentSize::large);
  /// 256 KiB: with what else a worker uses they fit into the second cache of most CPUs.
  static constexpr std::uint32_t kOffered = 4;
  /// In a buffer, where each has filled a small one.
  static constexpr std::uint32_t kMessages = bytes_of(LentSize::large) / bytes_of(LentSize::small);
  static constexpr std::size_t kRingBytes = kPlaces * sizeof(io_uring_buf);

  explicit UringSharedBuffers(Lender& lender) noexcept : lender_(lender) {}
  [[nodiscard]] int set_up(io_uring& ring) noexcept;

  Lender& lender_;
  io_uring_buf_ring* ring_ = nullptr;
  std::uint32_t offered_ = 0;
  std::array<std::uint32_t, kPlaces> left_{};  ///< bytes of each that are still the kernel's
};

}  // namespace rota::inline v0
