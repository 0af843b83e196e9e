#include <rota/core/path_leaf.hpp>

#include "core/descriptor.hpp"

#include <fcntl.h>

#include <cerrno>
#include <new>

namespace rota::inline v0 {

PathText::PathText(std::string_view path) noexcept {
  if (path.contains('\0')) {
    error_ = EINVAL;
    return;
  }
  try {
    text_ = path;
  } catch (const std::bad_alloc&) {
    error_ = ENOMEM;
  }
}

int PathStart::fd() const noexcept {
  if (folder != nullptr) return folder->fd;
  return at_current ? AT_FDCWD : -1;
}

PathLeaf::PathLeaf(PathStart start, PathAction action, std::string_view path, PathStart there,
                   std::string_view other, std::uint64_t number) noexcept
    : OperationLeaf(nullptr, action, nullptr), path_(path), other_(other) {
  start.put(operation_);
  operation_.path = path_.c_str();
  operation_.other = other_.c_str();
  operation_.other_folder = there.fd();
  operation_.number = number;
  operation_.resolve = start.resolve;
  operation_.other_resolve = there.resolve;
}

bool PathLeaf::start(Runnable& self) noexcept {
  const int error = path_.error() != 0 ? path_.error() : other_.error();
  if (error == 0) return OperationLeaf::start(self);
  operation_.result = -error;
  return false;
}

}  // namespace rota::inline v0
