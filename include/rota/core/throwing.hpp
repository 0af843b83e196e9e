#pragma once

namespace rota::inline v0 {

// Rota's headers serve programs that are compiled without exceptions, for whom `try` and `throw` do
// not compile. Where a header must catch what user code throws it says ROTA_TRY and ROTA_CATCH_ALL,
// which are nothing there, and what it throws is thrown by the library. Such a program ends where
// another one would have to handle something: a Result's `value()`, no memory for a frame.
#if defined(__cpp_exceptions)
#define ROTA_TRY try
#define ROTA_CATCH_ALL catch (...)
#else
#define ROTA_TRY if (true)
#define ROTA_CATCH_ALL if (false)
#endif

/// What the `value()` of a cancelled Result throws: std::bad_expected_access of operation_canceled.
[[noreturn]] void throw_canceled();
/// std::bad_alloc.
[[noreturn]] void throw_no_memory();
/// In a handler: what it handles.
[[noreturn]] void throw_again();

}  // namespace rota::inline v0
