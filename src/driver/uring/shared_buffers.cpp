#include "driver/uring/shared_buffers.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <new>

namespace rota::inline v0 {

std::unique_ptr<UringSharedBuffers> UringSharedBuffers::make(io_uring& ring, Lender& lender,
                                                             int& error) noexcept {
  std::unique_ptr<UringSharedBuffers> made(new (std::nothrow) UringSharedBuffers(lender));
  error = made == nullptr ? ENOMEM : made->set_up(ring);
  if (error != 0) made.reset();
  return made;
}

int UringSharedBuffers::set_up(io_uring& ring) noexcept {
  void* memory =
      ::mmap(nullptr, kRingBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ENOMEM;
  // A forked child is not whom the kernel serves.
  ::madvise(memory, kRingBytes, MADV_DONTFORK);
  ring_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(ring_);
  RingOfBuffers request;
  request.address = reinterpret_cast<std::uintptr_t>(memory);
  request.entries = kPlaces;
  request.group = kGroup;
  request.flags = kBufferRingInParts;
  const auto number = static_cast<unsigned>(ring.ring_fd);
  return -io_uring_register(number, IORING_REGISTER_PBUF_RING, &request, 1);
}

UringSharedBuffers::~UringSharedBuffers() {
  if (ring_ == nullptr) return;
  for (std::uint16_t number = 0; number < kPlaces; ++number) {
    if (left_[number] != 0) give_back(lender_.numbered(LentSize::large, number));
  }
  ::munmap(ring_, kRingBytes);
}

bool UringSharedBuffers::refill() noexcept {
  int added = 0;
  for (; offered_ < kOffered; ++offered_, ++added) {
    LentBuffer* buffer = lender_.lend_numbered(LentSize::large);
    if (buffer == nullptr) break;
    buffer->shared = true;
    buffer->holders.store(1, MemoryOrder::relaxed);
    left_[buffer->number] = buffer->bytes;
    io_uring_buf_ring_add(ring_, buffer->memory, buffer->bytes, buffer->number,
                          io_uring_buf_ring_mask(kPlaces), added);
  }
  if (added > 0) io_uring_buf_ring_advance(ring_, added);
  return offered_ > 0;
}

StreamResult UringSharedBuffers::take(std::uint16_t number, std::uint32_t bytes) noexcept {
  LentBuffer& buffer = lender_.numbered(LentSize::large, number);
  const std::uint32_t begin = buffer.bytes - left_[number];
  left_[number] -= bytes;
  if (left_[number] == 0) {
    offered_ -= 1;  // The hold of the ring goes to the result.
  } else {
    buffer.holders.fetch_add(1, MemoryOrder::relaxed);
  }
  return StreamResult(static_cast<std::int32_t>(bytes), &buffer, begin);
}

}  // namespace rota::inline v0
