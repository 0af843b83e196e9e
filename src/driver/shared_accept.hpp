#pragma once

#include <rota/core/operation.hpp>
#include <rota/core/stream.hpp>

#include "core/descriptor.hpp"

namespace rota::inline v0 {

/// How an accept shares a listener with the Stream that is armed on it: by rule 4 of Driver it
/// takes what the Stream holds, or would get next.

[[nodiscard]] inline bool accepts_one(const Operation& operation) noexcept {
  return operation.code == OpCode::accept && (operation.flags & op_stream) == 0;
}

/// The accept that stands behind the Stream and is next; null when there is none.
[[nodiscard]] inline Operation* accept_behind_stream(const Descriptor& listener) noexcept {
  Operation* first = listener.reading.front();
  return first != nullptr && accepts_one(*first) ? first : nullptr;
}

/// False when the Stream holds nothing.
[[nodiscard]] inline bool take_from_stream(Operation& accept) noexcept {
  Stream* stream = accept.descriptor->accepted;
  if (stream == nullptr || stream->empty()) return false;
  accept.result = stream->pop().result;
  return true;
}

}  // namespace rota::inline v0
