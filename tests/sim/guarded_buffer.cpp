#include "sim/guarded_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace rota::simulation {
namespace {

constexpr std::size_t kGuardBytes = 64;
constexpr std::byte kGuard{0xA5};  ///< around the body always, in the body while nothing is lent
constexpr std::byte kFill{0x5C};   ///< in what was lent and not written

/// Each byte equals the one after it, and the first is right: memcmp looks at many at a time, and
/// most of the time of a run would go by here.
bool all_are(std::span<const std::byte> bytes, std::byte value) {
  if (bytes.empty()) return true;
  return bytes[0] == value && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

GuardedBuffer::GuardedBuffer(std::size_t bytes) : memory_(bytes + 2 * kGuardBytes, kGuard) {}

std::size_t GuardedBuffer::size() const noexcept { return memory_.size() - 2 * kGuardBytes; }

std::span<std::byte> GuardedBuffer::body() noexcept {
  return std::span(memory_).subspan(kGuardBytes, size());
}

std::span<std::byte> GuardedBuffer::lend(std::size_t bytes) {
  lent_ = bytes;
  const std::span<std::byte> lent = body().first(bytes);
  std::ranges::fill(lent, kFill);
  return lent;
}

bool GuardedBuffer::take_back(std::size_t written) {
  const std::span<std::byte> lent = body().first(lent_);
  const bool kept_to_count = all_are(lent.subspan(written), kFill);
  content_.assign(lent.begin(), lent.begin() + static_cast<std::ptrdiff_t>(written));
  std::ranges::fill(lent, kGuard);
  lent_ = 0;
  return kept_to_count && untouched();
}

bool GuardedBuffer::untouched() const { return all_are(memory_, kGuard); }

}  // namespace rota::simulation
