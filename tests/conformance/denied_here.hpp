#pragma once

#include <rota/core/operation.hpp>

namespace rota::conformance {

/// In a sandbox a case may come to an operation whose system call is denied. That is no failure, as
/// long as the operation comes back with the very answer of the filter: the case ends there as one
/// that cannot run, and says which call it was. Throws what GoogleTest takes for the end of a case.
void end_case_if_denied(const Operation& operation);

/// The same of a call that the case itself makes: it answered -1.
void end_case_if_denied(const char* call);

}  // namespace rota::conformance
