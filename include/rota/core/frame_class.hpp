#pragma once

#include <cstddef>

namespace rota::inline v0 {

// The sizes of the blocks that frames lie in: steps of 16 bytes up to 512, then of 256. Whoever
// knows a frame's size when it compiles knows its class then, too.

/// A larger frame comes from the global allocator.
inline constexpr std::size_t largest_frame_block = 4096;

inline constexpr std::size_t fine_frame_step = 16;
inline constexpr std::size_t fine_frame_limit = 512;
inline constexpr std::size_t fine_frame_classes = fine_frame_limit / fine_frame_step;
inline constexpr std::size_t coarse_frame_step = 256;

/// Of `bytes` up to `largest_frame_block`.
[[nodiscard]] constexpr std::size_t frame_class_of(std::size_t bytes) noexcept {
  if (bytes <= fine_frame_limit) {
    return (bytes + fine_frame_step - 1) / fine_frame_step - (bytes != 0 ? 1 : 0);
  }
  return fine_frame_classes +
         (bytes - fine_frame_limit + coarse_frame_step - 1) / coarse_frame_step - 1;
}

/// The size of a block of the class.
[[nodiscard]] constexpr std::size_t frame_class_bytes(std::size_t frame_class) noexcept {
  if (frame_class < fine_frame_classes) return (frame_class + 1) * fine_frame_step;
  return fine_frame_limit + (frame_class - fine_frame_classes + 1) * coarse_frame_step;
}

inline constexpr std::size_t frame_classes = frame_class_of(largest_frame_block) + 1;

}  // namespace rota::inline v0
