#pragma once

#include "driver/refusal.hpp"

namespace rota::inline v0 {

/// What somebody can do so that the mechanism is granted, as a sentence with a space before it.
/// Empty where nothing is known to help, and where the reason says it: EPERM has several causes,
/// and who asked for the mechanism knows which holds.
const char* remedy_of(const Refusal& refusal) noexcept;

}  // namespace rota::inline v0
