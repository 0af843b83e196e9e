#include <rota/temporary_directory.hpp>

#include <rota/join.hpp>
#include <rota/stop.hpp>

#include "fs/temporary_name.hpp"

#include <stdlib.h>

#include <cerrno>
#include <new>
#include <source_location>

namespace rota::inline v0 {

namespace {

std::string usual_parent() {
  const char* named = ::getenv("TMPDIR");
  return named != nullptr && *named != '\0' ? named : "/tmp";
}

}  // namespace

Task<Result<TemporaryDirectory>> TemporaryDirectory::make(std::optional<std::string> parent) {
  const std::string where = parent.has_value() ? *parent : usual_parent();
  Result<Directory> home = co_await Directory::open(where);
  if (!home) co_return std::unexpected(home.error());
  for (int attempt = 1;; ++attempt) {
    std::string name = temporary_name();
    Result<void> made = co_await home->make_directory(name, 0700);
    if (!made) {
      const bool taken = made.error() == std::errc::file_exists;
      if (!taken || attempt == kTemporaryNames) co_return std::unexpected(made.error());
      continue;
    }
    Result<Directory> itself = co_await home->open_directory(name, Links::keep);
    if (!itself) {
      Task<Result<void>> dropping = shielded(home->remove_tree(name));
      Result<void> dropped = co_await std::move(dropping);
      static_cast<void>(dropped);
      co_return std::unexpected(itself.error());
    }
    std::string path = where + '/' + name;
    co_return TemporaryDirectory(std::move(path), std::move(*home), std::move(name),
                                 std::move(*itself));
  }
}

Task<Result<void>> TemporaryDirectory::remove() {
  if (!place_) co_return Result<void>();
  Task<Result<void>> removing = place_->parent.remove_tree(place_->name);
  Result<void> removed = co_await std::move(removing);
  if (removed) place_ = Owned<Place>();
  co_return removed;
}

TemporaryDirectory::~TemporaryDirectory() {
  if (!place_ || current_task() == nullptr) return;
  try {
    const JoinHandle<void> removing =
        spawn_into_root(remove_later(std::move(place_)), SpawnOptions("remove directory"),
                        std::source_location::current());
  } catch (const std::bad_alloc&) {
  }
}

Task<void> TemporaryDirectory::remove_later(Owned<Place> place) {
  Task<Result<void>> removing = shielded(place->parent.remove_tree(place->name));
  Result<void> removed = co_await std::move(removing);
  static_cast<void>(removed);
}

}  // namespace rota::inline v0
