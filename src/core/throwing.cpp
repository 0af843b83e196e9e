#include <rota/core/throwing.hpp>

#include <rota/result.hpp>

#include <cerrno>
#include <expected>
#include <new>

namespace rota::inline v0 {

void throw_canceled() { throw std::bad_expected_access(os_error(ECANCELED)); }
void throw_no_memory() { throw std::bad_alloc(); }
void throw_again() { throw; }

}  // namespace rota::inline v0
