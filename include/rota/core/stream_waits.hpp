#pragma once

#include <rota/await.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/receive_leaf.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

struct iovec;

namespace rota::inline v0 {

// The waits of a byte stream, each one operation: what sockets, pipes and terminals share. What
// they promise is said where a stream offers them (socket_stream.hpp).

using CountAwait = Await<CountLeaf<Transfer>>;
using VectorAwait = Await<CountLeaf<VectorTransfer>>;

[[nodiscard]] inline CountAwait read_stream(Descriptor* from, std::span<std::byte> into) noexcept {
  return CountAwait(std::in_place, from, OpCode::read, into.data(), into.size());
}

[[nodiscard]] inline Await<ReceiveLeaf> receive_stream(Descriptor* from) noexcept {
  return Await<ReceiveLeaf>(std::in_place, from);
}

[[nodiscard]] inline CountAwait write_stream(Descriptor* to,
                                             std::span<const std::byte> from) noexcept {
  return CountAwait(std::in_place, to, OpCode::write, const_cast<std::byte*>(from.data()),
                    from.size());
}

[[nodiscard]] inline Await<WholeWriteLeaf> write_stream_whole(Descriptor* to,
                                                              std::span<const std::byte> from,
                                                              std::size_t* written) noexcept {
  return Await<WholeWriteLeaf>(std::in_place, to, OpCode::write, from, 0u, written);
}

[[nodiscard]] inline Await<WholeWriteLeaf> write_stream_in_place(Descriptor* to,
                                                                 std::span<const std::byte> from,
                                                                 std::size_t* written) noexcept {
  return Await<WholeWriteLeaf>(std::in_place, to, OpCode::write_in_place, from, 0u, written);
}

[[nodiscard]] inline VectorAwait read_stream_vector(Descriptor* from,
                                                    std::span<iovec> into) noexcept {
  return VectorAwait(std::in_place, from, OpCode::read_vector, into.data(),
                     static_cast<std::uint32_t>(into.size()));
}

[[nodiscard]] inline VectorAwait write_stream_vector(Descriptor* to,
                                                     std::span<iovec> from) noexcept {
  return VectorAwait(std::in_place, to, OpCode::write_vector, from.data(),
                     static_cast<std::uint32_t>(from.size()));
}

}  // namespace rota::inline v0
