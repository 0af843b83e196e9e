#include <rota/load_file.hpp>

namespace rota::inline v0 {

LoadLeaf::LoadLeaf(PathStart start, std::string_view path, std::span<std::byte> into,
                   IoPriority priority) noexcept
    : OperationLeaf(nullptr, nullptr, into.data(), into.size(), start.resolve, priority),
      path_(path) {
  start.put(operation_);
  operation_.path = path_.c_str();
}

bool LoadLeaf::start(Runnable& self) noexcept {
  if (path_.error() == 0) return OperationLeaf::start(self);
  operation_.result = -path_.error();
  return false;
}

}  // namespace rota::inline v0
