#include "driver/lender.hpp"

#include <rota/core/platform.hpp>

#include <new>
#include <utility>

namespace rota::inline v0 {
namespace {

constexpr std::align_val_t kPage{4096};

LentSize size_of(const LentBuffer& buffer) noexcept {
  return buffer.bytes == bytes_of(LentSize::small) ? LentSize::small : LentSize::large;
}

}  // namespace

void Lender::FreeMemory::operator()(std::byte* memory) const noexcept {
  unpoison_memory(memory, kBlockBytes);
  ::operator delete(memory, kPage);
}

Lender::Owner Lender::make() noexcept { return Owner(new (std::nothrow) Lender); }

Lender::~Lender() = default;

LentBuffer* Lender::lend(LentSize size) noexcept {
  LentBuffer* buffer = lend_numbered(size);
  return buffer != nullptr ? buffer : make_single(size);
}

LentBuffer* Lender::lend_numbered(LentSize size) noexcept {
  if (!has_numbered(size)) return nullptr;
  Pool& pool = pools_[static_cast<std::size_t>(size)];
  LentBuffer& buffer = *pool.free;
  pool.free = std::exchange(buffer.next, nullptr);
  lent_ += 1;
  buffer.shared = false;
  unpoison_memory(buffer.memory, buffer.bytes);
  return &buffer;
}

bool Lender::has_numbered(LentSize size) noexcept {
  const Pool& pool = pools_[static_cast<std::size_t>(size)];
  if (pool.free == nullptr) collect();
  return pool.free != nullptr || make_more(size);
}

void Lender::take_back_unused(LentBuffer& buffer) noexcept {
  lent_ -= 1;
  keep(buffer);
}

void Lender::take_back(LentBuffer& buffer) noexcept {
  const bool single = buffer.single;
  if (single) {
    ::operator delete(std::exchange(buffer.memory, nullptr));
  } else {
    // In a program that is instrumented whoever still uses the memory is reported.
    poison_memory(buffer.memory, buffer.bytes);
  }
  using Returned = LoanStack<LentBuffer>::Returned;
  const Returned returned = returned_.give_back(buffer);
  if (returned == Returned::pushed) return;
  if (single) free_single(buffer);
  if (returned == Returned::last) delete this;
}

void Lender::end() noexcept {
  const bool nothing_lent = returned_.close(lent_, [](LentBuffer& buffer) noexcept {
    if (buffer.single) free_single(buffer);
  });
  if (nothing_lent) delete this;
}

/// Takes in what came back from borrowers.
void Lender::collect() noexcept {
  LentBuffer* each = returned_.take_all();
  while (each != nullptr) {
    LentBuffer& buffer = *each;
    each = buffer.next;
    take_back_unused(buffer);
  }
}

void Lender::keep(LentBuffer& buffer) noexcept {
  if (buffer.single) return free_single(buffer);
  poison_memory(buffer.memory, buffer.bytes);
  Pool& pool = pools_[static_cast<std::size_t>(size_of(buffer))];
  buffer.next = pool.free;
  pool.free = &buffer;
}

bool Lender::make_more(LentSize size) noexcept {
  Pool& pool = pools_[static_cast<std::size_t>(size)];
  const std::uint32_t bytes = bytes_of(size);
  const auto count = static_cast<std::uint32_t>(kBlockBytes / bytes);
  if (pool.made + count > most_kept(size)) return false;
  if (pool.buffers == nullptr) {
    pool.buffers.reset(new (std::nothrow) LentBuffer[most_kept(size)]);
    if (pool.buffers == nullptr) return false;
  }
  auto* memory = static_cast<std::byte*>(::operator new(kBlockBytes, kPage, std::nothrow));
  if (memory == nullptr) return false;
  pool.blocks[pool.made / count].reset(memory);
  // Lent out from the front.
  for (std::uint32_t i = count; i > 0; --i) {
    const std::uint32_t number = pool.made + i - 1;
    LentBuffer& buffer = pool.buffers[number];
    buffer.lender = this;
    buffer.memory = memory + std::size_t{i - 1} * bytes;
    buffer.bytes = bytes;
    buffer.number = static_cast<std::uint16_t>(number);
    keep(buffer);
  }
  pool.made += count;
  return true;
}

LentBuffer* Lender::make_single(LentSize size) noexcept {
  const std::uint32_t bytes = bytes_of(size);
  auto* memory = static_cast<std::byte*>(::operator new(bytes, std::nothrow));
  auto* buffer = new (std::nothrow) LentBuffer;
  if (memory == nullptr || buffer == nullptr) {
    ::operator delete(memory);
    delete buffer;
    return nullptr;
  }
  buffer->lender = this;
  buffer->memory = memory;
  buffer->bytes = bytes;
  buffer->single = true;
  lent_ += 1;
  return buffer;
}

/// Its memory may have gone before.
void Lender::free_single(LentBuffer& buffer) noexcept {
  ::operator delete(buffer.memory);
  delete &buffer;
}

void give_back(LentBuffer& buffer) noexcept {
  // Release: a holder's use of the memory comes before the last one gives it to the next user.
  // Acquire: the last one has seen that of all others.
  if (buffer.shared && buffer.holders.fetch_sub(1, MemoryOrder::acq_rel) != 1) return;
  buffer.lender->take_back(buffer);
}

}  // namespace rota::inline v0
