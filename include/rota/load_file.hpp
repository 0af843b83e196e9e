#pragma once

#include <rota/await.hpp>
#include <rota/core/cancel_loss.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/path_leaf.hpp>
#include <rota/core/path_text.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace rota::inline v0 {

/// The leaf of `load_file` and `Directory::load_file`.
class LoadLeaf : public OperationLeaf<Load> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  LoadLeaf(PathStart start, std::string_view path, std::span<std::byte> into,
           IoPriority priority) noexcept;
  bool start(Runnable& self) noexcept;
  Result<std::size_t> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return static_cast<std::size_t>(operation_.result);
  }

 private:
  PathText path_;
};

/// Opens a file, reads what it begins with, as much as `into` has room for, and closes it: for
/// small files that are read whole. How many bytes there are; as many as there was room for means
/// that there may be more.
///
///     std::array<std::byte, 4096> memory;
///     auto loaded = co_await load_file("/etc/hostname", memory);
///
/// It is one read(2): of what is no regular file (a pipe, much in /proc) there may be less than it
/// has, and a pipe that nobody writes to is waited for. A device that fails behind the first bytes
/// looks like the end of the file: who must tell these apart reads by a File.
///
/// A ring does all three in one submission, and the open file never has a file descriptor (from
/// Linux 6.14 on). Elsewhere a thread of the driver does, with one: under RingProfile::sqpoll and
/// with a file engine that was chosen, and where the ring's 512 places for files are taken, by
/// other loads and by each File that is used often. A cancel does not end what such a thread has
/// begun.
///
/// @threads any number of tasks at once
/// @loses nothing: bytes that were read are reported
/// @owns the path is copied, the buffer is borrowed until the call ends
/// @errors what open(2) and read(2) say: `no_such_file_or_directory`, `permission_denied`,
/// `is_a_directory`, `io_error`; where a thread does it `too_many_files_open`; `invalid_argument`:
/// a path with a zero byte
[[nodiscard]] inline Await<LoadLeaf> load_file(
    std::string_view path, std::span<std::byte> into,
    IoPriority priority = IoPriority::normal) noexcept {
  return Await<LoadLeaf>(std::in_place, PathStart{.at_current = true}, path, into, priority);
}

}  // namespace rota::inline v0
