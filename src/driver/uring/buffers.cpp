#include "driver/uring/buffers.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace rota::inline v0 {
namespace {

/// 128 KiB and 512 KiB: with what else a worker uses they fit into the second cache of most CPUs.
constexpr std::uint32_t first_offer(LentSize size) noexcept {
  return size == LentSize::small ? 16 : 8;
}

constexpr std::size_t ring_bytes(LentSize size) noexcept {
  return most_kept(size) * sizeof(io_uring_buf);
}

int mask_of(LentSize size) noexcept { return io_uring_buf_ring_mask(most_kept(size)); }

}  // namespace

std::unique_ptr<UringBuffers> UringBuffers::make(io_uring& ring, Lender& lender,
                                                 int& error) noexcept {
  std::unique_ptr<UringBuffers> made(new (std::nothrow) UringBuffers(lender));
  error = made == nullptr ? ENOMEM : 0;
  for (const LentSize size : kLentSizes) {
    if (error == 0) error = made->set_up(ring, size);
  }
  if (error != 0) made.reset();
  return made;
}

int UringBuffers::set_up(io_uring& ring, LentSize size) noexcept {
  void* memory = ::mmap(nullptr, ring_bytes(size), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return ENOMEM;
  // A forked child is not whom the kernel serves.
  ::madvise(memory, ring_bytes(size), MADV_DONTFORK);
  Group& made = group(size);
  made.ring = static_cast<io_uring_buf_ring*>(memory);
  made.wanted = first_offer(size);
  io_uring_buf_reg request{};
  request.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  request.ring_entries = most_kept(size);
  request.bgid = static_cast<std::uint16_t>(size);
  io_uring_buf_ring_init(made.ring);
  return -io_uring_register_buf_ring(&ring, &request, 0);
}

UringBuffers::~UringBuffers() {
  for (const LentSize size : kLentSizes) {
    Group& ended = group(size);
    if (ended.ring == nullptr) continue;
    const unsigned mask = static_cast<unsigned>(mask_of(size));
    for (; ended.offered > 0; --ended.offered) {
      const io_uring_buf& last = ended.ring->bufs[(ended.ring->tail - ended.offered) & mask];
      lender_.take_back_unused(lender_.numbered(size, last.bid));
    }
    ::munmap(ended.ring, ring_bytes(size));
  }
}

bool UringBuffers::refill(LentSize size) noexcept {
  Group& low = group(size);
  int added = 0;
  for (; low.offered < low.wanted; ++low.offered, ++added) {
    LentBuffer* buffer = lender_.lend_numbered(size);
    if (buffer == nullptr) break;
    io_uring_buf_ring_add(low.ring, buffer->memory, buffer->bytes, buffer->number, mask_of(size),
                          added);
  }
  if (added > 0) io_uring_buf_ring_advance(low.ring, added);
  return low.offered > 0;
}

void UringBuffers::ran_dry(LentSize size) noexcept {
  if (size == LentSize::large) return;
  Group& dry = group(size);
  if (dry.offered == 0) dry.wanted = std::min(2 * dry.wanted, most_kept(size));
}

LentBuffer& UringBuffers::take(LentSize size, std::uint16_t number) noexcept {
  group(size).offered -= 1;
  return lender_.numbered(size, number);
}

}  // namespace rota::inline v0
