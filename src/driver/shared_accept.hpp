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

/// The accept that stands behind the Stream and is next, with its result and out of its lane; null
/// when there is none.
[[nodiscard]] inline Operation* take_accept_behind(Descriptor& listener,
                                                   std::int32_t connection) noexcept {
  Operation* first = listener.reading.front();
  if (first == nullptr || !accepts_one(*first)) return nullptr;
  listener.reading.remove(*first);
  first->result = connection;
  return first;
}

/// Whether the operation is an accept and got what the Stream holds. Asked of the next of a lane.
[[nodiscard]] inline bool took_from_stream(Operation& operation) noexcept {
  if (!accepts_one(operation)) return false;
  Stream* stream = operation.descriptor->accepted;
  if (stream == nullptr || !stream->has_spare()) return false;
  operation.result = stream->pop().result;
  return true;
}

}  // namespace rota::inline v0
