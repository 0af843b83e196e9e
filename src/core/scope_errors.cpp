#include <rota/scope_errors.hpp>

namespace rota::inline v0 {

const char* ScopeErrors::what() const noexcept {
  try {
    std::rethrow_exception(first_);
  } catch (const std::exception& error) {
    return error.what();  // It lives as long as `first_` holds its exception.
  } catch (...) {
    return "several tasks of a scope failed";
  }
}

}  // namespace rota::inline v0
