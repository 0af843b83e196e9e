#pragma once

#include <cstddef>
#include <cstdint>

namespace rota::cli {

/// Serves a mount whose root is a regular file of `pages` pages of zeros, by the protocol of
/// /dev/fuse (linux/fuse.h) itself. Each read is answered after `delay_ms`, one after the other.
/// Returns when the mount has ended.
void serve_slow_file(int fuse, std::size_t pages, std::uint64_t delay_ms);

}  // namespace rota::cli
