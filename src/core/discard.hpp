#pragma once

#include <rota/core/operation.hpp>
#include <rota/core/stream.hpp>

namespace rota::inline v0 {

/// What a Stream of this code has brought and nobody takes any more: connections are closed,
/// buffers go back.
void discard(OpCode code, const StreamResult& undelivered) noexcept;

}  // namespace rota::inline v0
