#pragma once

#include <rota/core/operation.hpp>
#include <rota/core/stream.hpp>

#include "core/descriptor.hpp"

#include <cerrno>
#include <cstdint>

namespace rota::inline v0 {

/// How an operation shares a Descriptor with its Stream (`Descriptor::ahead`): by rule 4 of Driver
/// it takes what the Stream holds, or would get next.

[[nodiscard]] inline bool accepts_one(const Operation& operation) noexcept {
  return operation.code == OpCode::accept && (operation.flags & op_stream) == 0;
}

/// Whether it reads the bytes of a stream in their order. Urgent ones have no place among them.
[[nodiscard]] inline bool reads_bytes(const Operation& operation) noexcept {
  return is_one_of<OpCode::read, OpCode::read_vector, OpCode::splice_in>(operation.code) &&
         (operation.flags & (op_stream | op_out_of_band)) == 0;
}

[[nodiscard]] inline bool shares_stream(const Operation& operation) noexcept {
  return accepts_one(operation) || reads_bytes(operation);
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
  Stream* stream = operation.descriptor->ahead;
  if (stream == nullptr) return false;
  stream->forget_cancel(-ECANCELED);
  if (!stream->has_spare()) return false;
  operation.result = stream->pop().result;
  return true;
}

/// Gives a read of bytes what came ahead of it, as much as it takes; what is left stays in `came`,
/// and where nothing is left that has no lease any more. True: the read is complete.
[[nodiscard]] bool take_bytes(Operation& read, StreamResult& came) noexcept;

}  // namespace rota::inline v0
