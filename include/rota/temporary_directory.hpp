#pragma once

#include <rota/directory.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <optional>
#include <string>
#include <utility>

namespace rota::inline v0 {

/// A directory for this program alone (0700), that goes with all that is in it.
///
/// `remove` removes it and tells how that went.
///
/// @as Directory
/// @loses `remove`: the rest, which stays, as it does after an error, and it may be called again
/// @owns what is in it goes with it: without `remove` in the background, where errors go nowhere;
/// one that ends in no task, or when its runtime is shut down, stays; it outlives its calls
class TemporaryDirectory {
 public:
  /// In this directory, or else in that of the environment's TMPDIR, or else in /tmp.
  [[nodiscard]] static Task<Result<TemporaryDirectory>> make(
      std::optional<std::string> parent = std::nullopt);

  TemporaryDirectory(TemporaryDirectory&& other) noexcept = default;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  [[nodiscard]] Directory& directory() noexcept { return *directory_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// With all that is in it.
  [[nodiscard]] Task<Result<void>> remove();

 private:
  struct Place {
    Directory parent;
    std::string name;
  };
  TemporaryDirectory(std::string path, Directory parent, std::string name, Directory itself)
      : path_(std::move(path)),
        place_(new Place{std::move(parent), std::move(name)}),
        directory_(std::move(itself)) {}
  static Task<void> remove_later(Owned<Place> place);

  std::string path_;
  Owned<Place> place_;  ///< none once it is removed, or moved from
  std::optional<Directory> directory_;
};

}  // namespace rota::inline v0
