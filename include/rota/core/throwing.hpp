#pragma once

#include <rota/core/platform.hpp>

namespace rota::inline v0 {

/// What the `value()` of a cancelled Result throws: std::bad_expected_access of operation_canceled.
[[noreturn]] void throw_canceled();
/// std::bad_alloc.
[[noreturn]] void throw_no_memory();
/// In a handler: what it handles.
[[noreturn]] void throw_again();

}  // namespace rota::inline v0
