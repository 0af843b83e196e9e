#include <rota/buffered_reader.hpp>
#include <rota/buffered_writer.hpp>

#include <algorithm>
#include <cassert>

namespace rota::inline v0 {

std::size_t ReadBuffer::take_into(std::span<std::byte> into) noexcept {
  const std::span<const std::byte> from = filled();
  const std::size_t count = std::min(from.size(), into.size());
  std::ranges::copy(from.first(count), into.begin());
  take(count);
  return count;
}

std::size_t ReadBuffer::length_to(std::byte delimiter) const noexcept {
  const std::span<const std::byte> bytes = filled();
  const auto found = std::ranges::find(bytes, delimiter);
  return found == bytes.end() ? 0 : static_cast<std::size_t>(found - bytes.begin()) + 1;
}

void WriteBuffer::add(std::span<const std::byte> bytes) noexcept {
  assert(bytes.size() <= room());
  std::ranges::copy(bytes, memory_.begin() + end_);
  end_ += bytes.size();
}

void WriteBuffer::remove_first(std::size_t bytes) noexcept {
  assert(bytes <= size());
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

}  // namespace rota::inline v0
