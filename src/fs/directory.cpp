#include <rota/directory.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace rota::inline v0 {

namespace {

std::uint64_t native_flags(Links links) noexcept {
  const unsigned flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  return links == Links::follow ? flags : flags | O_NOFOLLOW;
}

std::uint64_t resolve_of(Confinement confinement) noexcept {
  switch (confinement) {
    case Confinement::none: return 0;
    case Confinement::beneath: return RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    case Confinement::in_root: return RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  }
  return RESOLVE_BENEATH;
}

unsigned native_rule(RenameRule rule) noexcept {
  switch (rule) {
    case RenameRule::replace: return 0;
    case RenameRule::keep: return RENAME_NOREPLACE;
    case RenameRule::exchange: return RENAME_EXCHANGE;
  }
  return RENAME_NOREPLACE;
}

Await<PathLeaf> change(PathStart start, PathAction action, std::string_view path,
                       std::uint64_t number = 0, Links links = Links::follow) noexcept {
  return Await<PathLeaf>(std::in_place, start, action, path, number, links);
}

}  // namespace

OpenDirectoryLeaf::OpenDirectoryLeaf(PathStart start, std::string_view path, Links links,
                                     Confinement confinement) noexcept
    : path_(path),
      confinement_(confinement),
      operation_(path_.c_str(), native_flags(links), 0, start.resolve) {
  start.put(operation_);
  operation_.result = -path_.error();
}

bool OpenDirectoryLeaf::start(Runnable& self) noexcept {
  if (operation_.result < 0) return false;
  operation_.waiter = &self;
  operation_.cancel = cancel_operation;
  return submit(operation_, node_);
}

Result<Directory> OpenDirectoryLeaf::finish() {
  if (operation_.result < 0) return failure(-operation_.result);
  try {
    return Directory(DescriptorRef(adopt_fd(operation_.result, FdKind::file)), confinement_);
  } catch (const std::bad_alloc&) {
    ::close(operation_.result);
    return failure(ENOMEM);
  }
}

/// A link says no more than a path may have.
ReadLinkLeaf::ReadLinkLeaf(PathStart start, std::string_view path) noexcept
    : PathLeaf(start, PathAction::read_link, path, PATH_MAX) {
  try {
    text_.resize(PATH_MAX);
  } catch (const std::bad_alloc&) {
  }
  operation_.memory = text_.data();
}

bool ReadLinkLeaf::start(Runnable& self) noexcept {
  if (!text_.empty()) return PathLeaf::start(self);
  operation_.result = -ENOMEM;
  return false;
}

Result<std::string> ReadLinkLeaf::finish() {
  if (operation_.result < 0) return failure(-operation_.result);
  return text_.substr(0, static_cast<std::size_t>(operation_.result));
}

PathStart Directory::start() const noexcept {
  return {descriptor_.get(), is_current_, resolve_of(confinement_)};
}

Await<PathLeaf> Directory::make_directory(std::string_view path,
                                          std::uint32_t permissions) noexcept {
  return change(start(), PathAction::make_directory, path, permissions);
}

Await<PathLeaf> Directory::rename(std::string_view from, const Directory& there,
                                  std::string_view to, RenameRule rule) noexcept {
  return Await<PathLeaf>(std::in_place, start(), PathAction::rename, from, there.start(), to,
                         native_rule(rule));
}

Await<PathLeaf> Directory::link(std::string_view path, const Directory& there,
                                std::string_view name) noexcept {
  // An empty path would mean the Directory itself, which has no second name.
  const std::string_view file = path.empty() ? std::string_view(".") : path;
  return Await<PathLeaf>(std::in_place, start(), PathAction::link, file, there.start(), name,
                         std::uint64_t{0});
}

Await<PathLeaf> Directory::link(File& file, std::string_view name) noexcept {
  return Await<PathLeaf>(std::in_place, PathStart{file.descriptor_.get()}, PathAction::link,
                         std::string_view(), start(), name, std::uint64_t{0});
}

Await<PathLeaf> Directory::symlink(std::string_view path, std::string_view target) noexcept {
  return Await<PathLeaf>(std::in_place, start(), PathAction::symlink, path, PathStart(), target,
                         std::uint64_t{0});
}

Await<PathLeaf> Directory::remove_file(std::string_view path) noexcept {
  return change(start(), PathAction::remove, path);
}

Await<PathLeaf> Directory::remove_directory(std::string_view path) noexcept {
  return change(start(), PathAction::remove_directory, path);
}

Await<PathLeaf> Directory::change_mode(std::string_view path, std::uint32_t mode) noexcept {
  return change(start(), PathAction::change_mode, path, mode);
}

Await<PathLeaf> Directory::change_owner(std::string_view path, std::uint32_t owner,
                                        std::uint32_t group, Links links) noexcept {
  return change(start(), PathAction::change_owner, path, std::uint64_t{group} << 32 | owner, links);
}

Await<StatusLeaf<Operation>> Directory::sync() noexcept {
  return Await<StatusLeaf<Operation>>(std::in_place, descriptor_.get(), OpCode::sync);
}

Await<CloseLeaf> Directory::close() noexcept {
  return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
}

}  // namespace rota::inline v0
