#pragma once

#include "core/descriptor.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace rota::inline v0 {

/// The type-stable home of all Descriptors of one runtime. Any thread.
class DescriptorTable {
 public:
  DescriptorTable() = default;
  DescriptorTable(const DescriptorTable&) = delete;
  DescriptorTable& operator=(const DescriptorTable&) = delete;

  /// Takes charge of `fd`. Throws std::bad_alloc when there is no memory for another block.
  Descriptor& adopt(int fd, FdKind kind, Worker* home);

  /// Gives the place back after its fd was closed or taken out. Nothing may be in flight on it.
  void release(Descriptor& descriptor) noexcept;

  [[nodiscard]] std::size_t live() const noexcept;

 private:
  static constexpr std::size_t kBlockDescriptors = 256;
  using Block = std::unique_ptr<Descriptor[]>;

  mutable std::mutex mutex_;
  std::vector<Block> blocks_;
  Descriptor* free_ = nullptr;
  std::size_t live_ = 0;
};

}  // namespace rota::inline v0
