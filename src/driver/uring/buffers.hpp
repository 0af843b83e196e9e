#pragma once

#include <rota/core/operation.hpp>

#include "driver/lender.hpp"
#include "driver/uring/abi.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rota::inline v0 {

/// The buffers that the kernel takes from when bytes arrive: a ring of them for each LentSize,
/// whose number is that of the group.
///
/// 1. The kernel takes from the front, in order, so all that is offered passes through the cache.
///    Few are offered, and those that were used last.
/// 2. Where it finds none it answers ENOBUFS. Of the small ones twice as many are offered from then
///    on, as far as there are any. Of the large ones never more: those that found none wait until
///    others were used and have come back, which costs less than to read into cold memory.
/// 3. It has buffers of the lender's that have a number, and so no more than `most_kept`. What
///    finds all of them lent is told so, and gets one that is made for it.
class UringBuffers {
 public:
  /// Null with an errno in `error`: the kernel has no such rings (before 5.19), or no memory.
  [[nodiscard]] static std::unique_ptr<UringBuffers> make(io_uring& ring, Lender& lender,
                                                          int& error) noexcept;
  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;
  /// After the ring of requests: the kernel uses them no more.
  ~UringBuffers();

  /// Offers as many as are to be there. False: there is none, and all of them are lent.
  bool refill(LentSize size) noexcept;
  [[nodiscard]] std::uint32_t offered(LentSize size) const noexcept {
    return groups_[static_cast<std::size_t>(size)].offered;
  }
  /// The kernel found none.
  void ran_dry(LentSize size) noexcept;
  /// The kernel has put bytes, or nothing, into this one.
  [[nodiscard]] LentBuffer& take(LentSize size, std::uint16_t number) noexcept;

 private:
  struct Group {
    io_uring_buf_ring* ring = nullptr;
    std::uint32_t offered = 0;
    std::uint32_t wanted = 0;
  };

  explicit UringBuffers(Lender& lender) noexcept : lender_(lender) {}
  [[nodiscard]] int set_up(io_uring& ring, LentSize size) noexcept;
  [[nodiscard]] Group& group(LentSize size) noexcept {
    return groups_[static_cast<std::size_t>(size)];
  }

  Lender& lender_;
  std::array<Group, kLentSizes.size()> groups_;
};

}  // namespace rota::inline v0
