#include <rota/directory.hpp>

#include <dirent.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace rota::inline v0 {

namespace {

/// What `remove_tree` has in memory of each level.
constexpr std::size_t kNamesAtOnce = 256;

/// One batch of entries.
class EntriesLeaf : public OperationLeaf<Transfer> {
 public:
  EntriesLeaf(Descriptor* directory, OwnedArray<std::byte>& into) noexcept
      : OperationLeaf(directory, OpCode::read_directory, into.begin(), into.size()) {}
  Result<std::size_t> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    return static_cast<std::size_t>(operation_.result);
  }
};

FileType type_of(unsigned char native) noexcept {
  switch (native) {
    case DT_REG: return FileType::regular;
    case DT_DIR: return FileType::directory;
    case DT_LNK: return FileType::symlink;
    case DT_FIFO: return FileType::pipe;
    case DT_SOCK: return FileType::socket;
    case DT_BLK: return FileType::block_device;
    case DT_CHR: return FileType::character_device;
    default: return FileType::unknown;
  }
}

}  // namespace

std::optional<DirectoryEntry> DirectoryEntries::take() {
  while (begin_ < end_) {
    const std::byte* at = batch_.begin() + begin_;
    dirent64 native{};
    std::memcpy(&native, at, offsetof(dirent64, d_name));
    begin_ += native.d_reclen;
    const std::string_view name(reinterpret_cast<const char*>(at) + offsetof(dirent64, d_name));
    if (name == "." || name == "..") continue;
    return DirectoryEntry{std::string(name), type_of(native.d_type), native.d_ino};
  }
  return std::nullopt;
}

Task<Result<std::optional<DirectoryEntry>>> DirectoryEntries::next() {
  for (;;) {
    std::optional<DirectoryEntry> entry = take();
    if (entry.has_value()) co_return entry;
    Result<std::size_t> got = co_await Await<EntriesLeaf>(std::in_place, directory_.get(), batch_);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return entry;
    begin_ = 0;
    end_ = *got;
  }
}

Task<Result<DirectoryEntries>> Directory::entries() {
  Result<Directory> own = co_await open_directory(".");
  if (!own) co_return std::unexpected(own.error());
  co_return DirectoryEntries(std::move(own->descriptor_));
}

Task<Result<void>> Directory::remove_tree(std::string path) {
  // With one at its end a path follows a link, O_NOFOLLOW or not.
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  Result<void> removed = co_await remove_file(path);
  if (removed || removed.error() == std::errc::no_such_file_or_directory) co_return Result<void>();
  if (removed.error() != std::errc::is_a_directory) co_return removed;
  Result<Directory> inner = co_await open_directory(path, Links::keep);
  if (!inner) co_return std::unexpected(inner.error());
  for (bool found = true; found;) {
    Task<Result<bool>> removing = inner->remove_some();
    Result<bool> some = co_await std::move(removing);
    if (!some) co_return std::unexpected(some.error());
    found = *some;
  }
  Result<void> closed = co_await inner->close();
  if (!closed) co_return closed;
  removed = co_await remove_directory(path);
  co_return removed;
}

/// So many names at most; its listing is closed before anything deeper is opened.
Task<Result<std::vector<std::string>>> Directory::some_names() {
  Task<Result<DirectoryEntries>> listing = entries();
  Result<DirectoryEntries> names = co_await std::move(listing);
  if (!names) co_return std::unexpected(names.error());
  std::vector<std::string> some;
  while (some.size() < kNamesAtOnce) {
    Task<Result<std::optional<DirectoryEntry>>> reading = names->next();
    Result<std::optional<DirectoryEntry>> entry = co_await std::move(reading);
    if (!entry) co_return std::unexpected(entry.error());
    if (!entry->has_value()) break;
    some.push_back(std::move((*entry)->name));
  }
  co_return some;
}

/// Yields whether there was anything to remove.
Task<Result<bool>> Directory::remove_some() {
  Task<Result<std::vector<std::string>>> listing = some_names();
  Result<std::vector<std::string>> names = co_await std::move(listing);
  if (!names) co_return std::unexpected(names.error());
  for (std::string& name : *names) {
    Task<Result<void>> removing = remove_tree(std::move(name));
    Result<void> removed = co_await std::move(removing);
    if (!removed) co_return std::unexpected(removed.error());
  }
  co_return !names->empty();
}

}  // namespace rota::inline v0
