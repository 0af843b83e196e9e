#pragma once

#include <rota/directory.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rota::inline v0 {

/// What a crash of the system may undo.
enum class Durability : std::uint8_t {
  on_device,  ///< nothing, once the call has succeeded
  in_cache,   ///< what the device does not have yet: neither the bytes nor the directory are synced
};

/// How a file is replaced.
struct ReplaceOptions {
  /// Of the file. Left out: those of the file that is there, without its S_ISUID, S_ISGID and
  /// S_ISVTX; else 0644 as the process's mask leaves it.
  std::optional<std::uint32_t> permissions = std::nullopt;
  Durability durability = Durability::on_device;
};

/// Gives the path these bytes as its whole contents, at once: whoever opens it, at any moment,
/// finds all of the old ones or all of the new ones.
///
/// 1. A file with a name of its own (`.rota-` and 16 digits) is written in the same directory.
/// 2. It is synced.
/// 3. It is renamed: this is the moment of the change.
/// 4. The directory is synced.
///
/// After a crash of the system in 1 to 3 the old file is there, and perhaps that of step 1 beside
/// it; in 4 the old or the new one; after success the new one. All of that is as far as the file
/// system and the device keep what fsync(2) promises. With `Durability::in_cache` 2 and 4 are left
/// out: other processes see the same, and a crash may leave an empty file.
///
/// It is a new file: its owner is the process's, other names of the old one keep the old bytes, and
/// a symbolic link is replaced and not followed. Two replacements of one path at once end with one
/// of the two.
///
/// @threads one task, on the Directory's worker
/// @loses before the rename all of it, and the old file is there and nothing else; from then on it
/// is not cancelled
/// @owns the Directory and the bytes are the caller's, and outlive the call
/// @errors as Directory and File; one before the rename leaves the old file and nothing else; one
/// of the last sync is reported though the new file is there; std::bad_alloc, before the rename,
/// which may leave the file of step 1
///
///     Result<void> saved = co_await replace_file(directory, "settings.json", as_bytes(text));
[[nodiscard]] Task<Result<void>> replace_file(Directory& directory, std::string path,
                                              std::span<const std::byte> bytes,
                                              ReplaceOptions options = {});
/// The same of a path as open(2) follows it.
[[nodiscard]] Task<Result<void>> replace_file(std::string path, std::span<const std::byte> bytes,
                                              ReplaceOptions options = {});

}  // namespace rota::inline v0
