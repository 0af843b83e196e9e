#include "driver/perform_file.hpp"

#include "core/descriptor.hpp"

#include <sys/uio.h>
#include <unistd.h>

namespace rota::inline v0 {
namespace {

/// A file system that cannot tell whether it would block is not asked again: the answer is the
/// same for every offset, and the hint of a file has no other use. It says so for one direction:
/// ext4 knows it of reads, and of buffered writes it does not. EPERM may be a filter's, which
/// denies preadv2 and not the call that the pool makes; what a file answers it answers there too.
std::int32_t would_block_unless_known(Descriptor& file, Interest direction,
                                      std::int32_t result) noexcept {
  const bool unknown = result == -EOPNOTSUPP || result == -ENOSYS || result == -EPERM;
  if (!unknown) return result;
  file.ready_hint = static_cast<std::uint8_t>(file.ready_hint & ~unsigned{direction});
  return -EAGAIN;
}

std::int32_t read_file(Descriptor& file, const iovec* parts, int count, std::uint64_t offset,
                       Wait wait) noexcept {
  const auto at = static_cast<off_t>(offset);
  if (wait == Wait::allowed) return answer(::preadv(file.fd, parts, count, at));
  const std::int32_t result = answer(::preadv2(file.fd, parts, count, at, RWF_NOWAIT));
  return would_block_unless_known(file, interest_read, result);
}

std::int32_t write_file(Descriptor& file, const iovec* parts, int count, std::uint64_t offset,
                        Wait wait) noexcept {
  const auto at = static_cast<off_t>(offset);
  if (wait == Wait::allowed) return answer(::pwritev(file.fd, parts, count, at));
  const std::int32_t result = answer(::pwritev2(file.fd, parts, count, at, RWF_NOWAIT));
  return would_block_unless_known(file, interest_write, result);
}

}  // namespace

std::int32_t read_file(Transfer& transfer, Wait wait) noexcept {
  const Remainder rest = remainder(transfer);
  const iovec part{rest.data, rest.bytes};
  return read_file(*transfer.descriptor, &part, 1, transfer.offset + transfer.moved, wait);
}

std::int32_t write_file(Transfer& transfer, Wait wait) noexcept {
  const Remainder rest = remainder(transfer);
  const iovec part{rest.data, rest.bytes};
  return write_file(*transfer.descriptor, &part, 1, transfer.offset + transfer.moved, wait);
}

std::int32_t read_file(VectorTransfer& transfer, Wait wait) noexcept {
  return read_file(*transfer.descriptor, transfer.parts, part_count(transfer), transfer.offset,
                   wait);
}

std::int32_t write_file(VectorTransfer& transfer, Wait wait) noexcept {
  return write_file(*transfer.descriptor, transfer.parts, part_count(transfer), transfer.offset,
                    wait);
}

/// What is written already lies in the page cache, and only the device lacks it.
std::int32_t write_durably(Transfer& transfer, Wait wait) noexcept {
  if (transfer.moved < transfer.bytes) return write_file(transfer, wait);
  return answer(::fdatasync(transfer.descriptor->fd));
}

}  // namespace rota::inline v0
