#include <rota/udp_batch.hpp>

#include <algorithm>
#include <cassert>

namespace rota::inline v0 {

IncomingBatch::IncomingBatch(std::size_t slots, std::size_t bytes_each)
    : headers_(slots), slots_(slots), memory_(slots * bytes_each), bytes_each_(bytes_each) {}

/// Lengths are what the kernel has made of them the last time.
void IncomingBatch::prepare() noexcept {
  size_ = 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    slot.part = {memory_.begin() + i * bytes_each_, bytes_each_};
    msghdr& header = headers_[i].msg_hdr;
    header = {};
    header.msg_iov = &slot.part;
    header.msg_iovlen = 1;
    header.msg_name = &slot.sender;
    header.msg_namelen = sizeof slot.sender;
    header.msg_control = slot.control.bytes;
    header.msg_controllen = sizeof slot.control.bytes;
  }
}

std::span<const std::byte> IncomingBatch::bytes(std::size_t index) const noexcept {
  assert(index < size_);
  return {memory_.begin() + index * bytes_each_, headers_[index].msg_len};
}

DatagramOf<Address> IncomingBatch::operator[](std::size_t index) const noexcept {
  assert(index < size_);
  const msghdr& header = headers_[index].msg_hdr;
  DatagramOf<Address> came;
  came.bytes = headers_[index].msg_len;
  came.from = Address::from_native(reinterpret_cast<const sockaddr&>(slots_[index].sender),
                                   header.msg_namelen);
  came.truncated = (header.msg_flags & MSG_TRUNC) != 0;
  came.segment_bytes = received_segment_bytes(header);
  return came;
}

OutgoingBatch::OutgoingBatch(std::size_t slots) : headers_(slots), slots_(slots) {}

void OutgoingBatch::add(std::span<const std::byte> bytes) noexcept {
  assert(!full());
  Slot& slot = slots_[end_];
  slot.part = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr& header = headers_[end_].msg_hdr;
  header = {};
  header.msg_iov = &slot.part;
  header.msg_iovlen = 1;
  end_ += 1;
}

void OutgoingBatch::add(std::span<const std::byte> bytes, const Address& to) noexcept {
  add(bytes);
  Slot& slot = slots_[end_ - 1];
  slot.to = to;
  msghdr& header = headers_[end_ - 1].msg_hdr;
  header.msg_name = const_cast<sockaddr*>(slot.to.native());
  header.msg_namelen = slot.to.native_bytes();
}

void OutgoingBatch::remove_first(std::size_t count) noexcept {
  begin_ += std::min(count, size());
  if (begin_ == end_) begin_ = end_ = 0;
}

ReceiveManyLeaf::ReceiveManyLeaf(Descriptor* descriptor, IncomingBatch& into) noexcept
    : OperationLeaf(descriptor, OpCode::receive_batch, into.headers_.begin(),
                    static_cast<std::uint32_t>(into.headers_.size()), 0),
      into_(into) {
  into.prepare();
}

Result<std::size_t> ReceiveManyLeaf::finish() const noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  into_.size_ = static_cast<std::size_t>(operation_.result);
  return into_.size_;
}

SendManyLeaf::SendManyLeaf(Descriptor* descriptor, OutgoingBatch& from) noexcept
    : OperationLeaf(descriptor, OpCode::send_batch, from.headers_.begin() + from.begin_,
                    static_cast<std::uint32_t>(from.size()), 0),
      from_(from) {}

Result<std::size_t> SendManyLeaf::finish() const noexcept {
  if (operation_.result < 0) return failure(-operation_.result);
  const auto sent = static_cast<std::size_t>(operation_.result);
  from_.remove_first(sent);
  return sent;
}

}  // namespace rota::inline v0
