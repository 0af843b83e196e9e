#include "base/errno_text.hpp"

#include <cstring>

namespace rota::inline v0 {

std::string errno_text(int error) {
  const char* name = ::strerrorname_np(error);
  if (name == nullptr) return "error " + std::to_string(error);
  return std::string(name) + " (" + ::strerrordesc_np(error) + ')';
}

std::string answer_of(const char* call, int error) {
  return std::string(call) + " answers " + errno_text(error);
}

}  // namespace rota::inline v0
