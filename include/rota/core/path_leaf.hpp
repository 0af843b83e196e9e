#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/path_text.hpp>
#include <rota/result.hpp>

#include <cstdint>
#include <string_view>

namespace rota::inline v0 {

/// A symbolic link at the end of a path: what it says is used, or the link itself.
enum class Links : bool { keep, follow };

/// Where a path starts. Without a folder, and not at the process's directory, it is where a
/// Directory was that was moved away: whatever starts there is `bad_file_descriptor`.
struct PathStart {
  Descriptor* folder = nullptr;
  bool at_current = false;
  std::uint64_t resolve = 0;  ///< RESOLVE_* of openat2(2)

  void put(Operation& operation) const noexcept {
    operation.descriptor = folder;
    if (at_current) operation.flags = op_by_path;
  }
  /// As a system call takes it.
  [[nodiscard]] int fd() const noexcept;
};

/// A change of what a path names: success or an error. Cancelled, it was not made.
class PathLeaf : public OperationLeaf<PathChange> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  PathLeaf(PathStart start, PathAction action, std::string_view path, std::uint64_t number = 0,
           Links links = Links::follow) noexcept
      : PathLeaf(start, action, path, PathStart(), {}, number) {
    operation_.follows = links == Links::follow;
  }
  PathLeaf(PathStart start, PathAction action, std::string_view path, PathStart there,
           std::string_view other, std::uint64_t number) noexcept;

  bool start(Runnable& self) noexcept;
  Result<void> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return {};
  }

 private:
  PathText path_;
  PathText other_;
};

}  // namespace rota::inline v0
