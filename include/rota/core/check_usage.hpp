#pragma once

namespace rota::inline v0 {

/// Ends the process because the program broke a rule of Rota's interface, with "rota: <what>" on
/// standard error. Safe in a signal handler.
[[noreturn, gnu::cold]] void misuse(const char* what) noexcept;

/// Checks a rule of the interface in every build: an assertion would leave a program that breaks it
/// in production to hang or to corrupt memory. For what costs a compare of a value that is at hand;
/// `otherwise` says what was done wrong and what to do instead.
inline void check_usage(bool kept, const char* otherwise) noexcept {
  if (!kept) [[unlikely]] misuse(otherwise);
}

}  // namespace rota::inline v0
