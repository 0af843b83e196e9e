#pragma once

#include <rota/core/lent_buffer.hpp>

#include "driver/loan_stack.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace rota::inline v0 {

/// Which buffer a receive is lent. Most messages are small; a connection that sends much is lent
/// buffers that take more of it at once.
enum class LentSize : std::uint8_t { small, large };
inline constexpr std::array<LentSize, 2> kLentSizes = {LentSize::small, LentSize::large};

[[nodiscard]] constexpr std::uint32_t bytes_of(LentSize size) noexcept {
  return size == LentSize::small ? 8 * 1024 : 64 * 1024;
}
/// So many are kept for the next loan, 4 MiB of each size. What is lent beyond them is allocated
/// for one loan: nobody ever waits for a buffer, so that no two tasks wait for each other's.
[[nodiscard]] constexpr std::uint32_t most_kept(LentSize size) noexcept {
  return size == LentSize::small ? 512 : 64;
}

/// The buffers that a driver lends. What came back last goes out first, while it is in the cache.
/// One carrier at a time, the driver's, except for `take_back`. Its memory goes when it has ended
/// and the last loan is back.
class Lender {
 public:
  struct End {
    void operator()(Lender* lender) const noexcept { lender->end(); }
  };
  using Owner = std::unique_ptr<Lender, End>;

  /// Null without memory.
  [[nodiscard]] static Owner make() noexcept;
  Lender(const Lender&) = delete;
  Lender& operator=(const Lender&) = delete;

  /// Null without memory.
  [[nodiscard]] LentBuffer* lend(LentSize size) noexcept;
  /// As `lend`, but only of those that are kept, which have numbers; null where all are out.
  [[nodiscard]] LentBuffer* lend_numbered(LentSize size) noexcept;
  /// Whether there is one for it.
  [[nodiscard]] bool has_numbered(LentSize size) noexcept;
  [[nodiscard]] LentBuffer& numbered(LentSize size, std::uint16_t number) noexcept {
    return pools_[static_cast<std::size_t>(size)].buffers[number];
  }
  /// What was lent and not used, by the owner: it is the next that is lent.
  void take_back_unused(LentBuffer& buffer) noexcept;

  /// Any thread.
  void take_back(LentBuffer& buffer) noexcept;

  /// How many are with borrowers, as far as the owner knows.
  [[nodiscard]] std::int64_t lent() const noexcept { return lent_; }

 private:
  /// Buffers get their memory so many bytes at a time.
  static constexpr std::size_t kBlockBytes = 256 * 1024;
  static constexpr std::size_t kMostBlocks =
      std::size_t{most_kept(LentSize::small)} * bytes_of(LentSize::small) / kBlockBytes;
  static_assert(std::size_t{most_kept(LentSize::large)} * bytes_of(LentSize::large) ==
                kMostBlocks * kBlockBytes);

  struct FreeMemory {
    void operator()(std::byte* memory) const noexcept;
  };
  struct Pool {
    std::unique_ptr<LentBuffer[]> buffers;  ///< `most_kept` of them, made with the first
    std::array<std::unique_ptr<std::byte, FreeMemory>, kMostBlocks> blocks;
    LentBuffer* free = nullptr;
    std::uint32_t made = 0;  ///< the first of `buffers` that have memory
  };

  Lender() = default;
  ~Lender();
  void end() noexcept;
  void collect() noexcept;
  void keep(LentBuffer& buffer) noexcept;
  [[nodiscard]] bool make_more(LentSize size) noexcept;
  [[nodiscard]] LentBuffer* make_single(LentSize size) noexcept;
  static void free_single(LentBuffer& buffer) noexcept;

  std::array<Pool, kLentSizes.size()> pools_;
  std::int64_t lent_ = 0;
  alignas(128) LoanStack<LentBuffer> returned_;  ///< written by every thread that gives back
};

}  // namespace rota::inline v0
