#pragma once

namespace rota::inline v0 {

/// What somebody can do so that a mechanism which was refused with `error` is granted, as a
/// sentence with a space before it. Empty where nothing is known to help, and for EPERM: it has
/// several causes, and who asked for the mechanism says which holds and what changes it.
const char* remedy_of(int error) noexcept;

}  // namespace rota::inline v0
