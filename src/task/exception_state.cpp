#include "task/exception_state.hpp"

#include <cxxabi.h>

#include <cstring>

namespace rota::inline v0 {

ExceptionState exchange_exceptions(const ExceptionState& next) noexcept {
  auto* globals = abi::__cxa_get_globals();
  ExceptionState before;
  std::memcpy(static_cast<void*>(&before), globals, sizeof before);
  std::memcpy(static_cast<void*>(globals), &next, sizeof next);
  return before;
}

}  // namespace rota::inline v0
