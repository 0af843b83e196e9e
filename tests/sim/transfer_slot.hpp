#pragma once

#include <rota/core/operation.hpp>

#include "sim/guarded_buffer.hpp"

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace rota::simulation {

/// What a transfer is to be.
struct TransferPlan {
  std::size_t bytes = 0;
  bool vectored = false;
  bool whole = false;
  bool durable = false;  ///< of a write to a file, that is not vectored: every byte, and a sync
  std::optional<std::uint64_t> offset;  ///< set for files
};

/// One transfer at a time, plain or vectored, with its guarded buffer.
class TransferSlot {
 public:
  static constexpr std::size_t kBytes = 8192;

  TransferSlot() : buffer_(kBytes) {}
  TransferSlot(const TransferSlot&) = delete;

  Operation& prepare_read(Descriptor& descriptor, const TransferPlan& plan);
  Operation& prepare_write(Descriptor& descriptor, const TransferPlan& plan,
                           std::span<const std::byte> bytes);

  [[nodiscard]] bool owns(const Operation& operation) const noexcept;
  /// The operation came back. False when memory was touched that should not have been, or when
  /// the count is more than was asked for.
  [[nodiscard]] bool take_back();
  /// Whether nobody touched the memory since then.
  [[nodiscard]] bool untouched() const { return buffer_.untouched(); }

  [[nodiscard]] std::size_t moved() const noexcept { return moved_; }
  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }
  /// What a read brought.
  [[nodiscard]] std::span<const std::byte> content() const noexcept { return buffer_.content(); }

 private:
  Operation& prepare(Descriptor& descriptor, OpCode code, OpCode vector_code,
                     const TransferPlan& plan);

  GuardedBuffer buffer_;
  std::vector<std::byte> written_;  ///< what a write must find unchanged; empty for a read
  std::optional<Transfer> transfer_;
  std::optional<VectorTransfer> vector_;
  std::array<iovec, 3> parts_{};
  std::span<std::byte> lent_;
  std::size_t asked_ = 0;
  std::size_t moved_ = 0;
  bool reads_ = false;
};

}  // namespace rota::simulation
