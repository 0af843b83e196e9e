#include <rota/replace_file.hpp>

#include <rota/stop.hpp>

#include "fs/temporary_name.hpp"

#include <cerrno>
#include <utility>

namespace rota::inline v0 {

namespace {

constexpr std::uint32_t kUsualPermissions = 0644;

struct SplitPath {
  std::string folder;
  std::string name;
};

SplitPath split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

/// A file that is written under a name of its own.
struct Draft {
  std::string name;
  File file;
};

Task<Result<Draft>> make_draft(Directory& home, std::uint32_t permissions) {
  constexpr OpenMode mode = OpenMode::write | OpenMode::create | OpenMode::exclusive;
  for (int attempt = 1;; ++attempt) {
    std::string name = temporary_name();
    Result<File> file = co_await home.open_file(name, mode, permissions);
    if (file) co_return Draft{std::move(name), std::move(*file)};
    const bool taken = file.error() == std::errc::file_exists;
    if (!taken || attempt == kTemporaryNames) co_return std::unexpected(file.error());
  }
}

/// The permissions to be set, none where those of a new file do. Another owner's S_ISUID would let
/// the new file run as the process. What is there and is no file that a rename could replace is
/// refused by the rename.
Task<Result<std::optional<std::uint32_t>>> permissions_for(Directory& home, const std::string& name,
                                                           ReplaceOptions options) {
  std::optional<std::uint32_t> wanted = options.permissions;
  if (wanted.has_value()) co_return wanted;
  Result<FileStatus> old = co_await home.stat(name, Links::keep);
  if (old && old->type() == FileType::regular) wanted = old->permissions() & 0777;
  const bool missing = !old && old.error() == std::errc::no_such_file_or_directory;
  if (!old && !missing) co_return std::unexpected(old.error());
  co_return wanted;
}

Task<Result<void>> fill(File& file, std::span<const std::byte> bytes,
                        std::optional<std::uint32_t> permissions, Durability durability) {
  Result<void> done = co_await file.write_at(0, bytes);
  if (done && permissions.has_value()) done = co_await file.change_mode(*permissions);
  if (done && durability == Durability::on_device) done = co_await file.sync();
  co_return done;
}

/// A name that was given up; that it is gone is all that matters.
Task<Result<void>> drop(Directory& home, const std::string& draft) {
  Result<void> removed = co_await home.remove_file(draft);
  co_return removed;
}

Task<Result<void>> put_in_place(Directory& home, const std::string& draft, const std::string& name,
                                Durability durability) {
  Result<void> done = co_await home.rename(draft, name);
  if (!done || durability == Durability::in_cache) co_return done;
  done = co_await home.sync();
  co_return done;
}

}  // namespace

Task<Result<void>> replace_file(Directory& directory, std::string path,
                                std::span<const std::byte> bytes, ReplaceOptions options) {
  const SplitPath split_path = split(path);
  Result<Directory> home = co_await directory.open_directory(split_path.folder);
  if (!home) co_return std::unexpected(home.error());
  Task<Result<std::optional<std::uint32_t>>> asking =
      permissions_for(*home, split_path.name, options);
  Result<std::optional<std::uint32_t>> permissions = co_await std::move(asking);
  if (!permissions) co_return std::unexpected(permissions.error());
  // Nobody reads what is not to be read by all: the draft is the process's own until it has them.
  const std::uint32_t at_first = permissions->has_value() ? 0600 : kUsualPermissions;
  Task<Result<Draft>> making = make_draft(*home, at_first);
  Result<Draft> draft = co_await std::move(making);
  if (!draft) co_return std::unexpected(draft.error());
  Task<Result<void>> filling = fill(draft->file, bytes, *permissions, options.durability);
  Result<void> done = co_await std::move(filling);
  if (done) {
    Task<Result<void>> placing =
        shielded(put_in_place(*home, draft->name, split_path.name, options.durability));
    done = co_await std::move(placing);
  }
  if (!done) {
    Task<Result<void>> dropping = shielded(drop(*home, draft->name));
    Result<void> dropped = co_await std::move(dropping);
    static_cast<void>(dropped);
  }
  co_return done;
}

Task<Result<void>> replace_file(std::string path, std::span<const std::byte> bytes,
                                ReplaceOptions options) {
  Directory current = Directory::current();
  Task<Result<void>> replacing = replace_file(current, std::move(path), bytes, options);
  Result<void> done = co_await std::move(replacing);
  co_return done;
}

}  // namespace rota::inline v0
