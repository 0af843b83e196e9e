#include <rota/result.hpp>
#include <rota/scope_errors.hpp>

#include <system_error>

namespace rota::inline v0 {

bool says_canceled(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_expected_access<std::error_code>& thrown) {
    return is_canceled(thrown.error());
  } catch (const std::system_error& thrown) {
    return is_canceled(thrown.code());
  } catch (...) {
    return false;
  }
}

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
