#include <rota/direct_file.hpp>

#include <rota/stop.hpp>

#include <linux/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>

namespace rota::inline v0 {

namespace {

/// What goes through memory of the call's own at a time.
constexpr std::size_t kMostBounced = 1 << 20;

constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t unit) noexcept {
  return value & ~(unit - 1);
}
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) noexcept {
  return round_down(value + unit - 1, unit);
}

/// What the kernel says of direct I/O on a file. Its own header describes the answer: the one of
/// the C library may be older.
class AlignmentLeaf : public OperationLeaf<Stat> {
 public:
  explicit AlignmentLeaf(Descriptor* file) noexcept
      : OperationLeaf(file, reinterpret_cast<struct statx*>(&buffer_)) {
    operation_.mask = STATX_DIOALIGN;
  }
  Result<DirectAlignment> finish() const noexcept {
    if (operation_.result < 0) return failure(-operation_.result);
    DirectAlignment told;
    if ((field(offsetof(struct statx, stx_mask)) & STATX_DIOALIGN) == 0) return told;
    told.memory = field(offsetof(struct statx, stx_dio_mem_align));
    told.offset = field(offsetof(struct statx, stx_dio_offset_align));
    if (!std::has_single_bit(told.memory) || !std::has_single_bit(told.offset)) {
      return failure(EOPNOTSUPP);  // Both are 0 where there is none.
    }
    // So that memory which begins aligned is so at every block.
    told.offset = std::max(told.offset, told.memory);
    return told;
  }

 private:
  [[nodiscard]] std::uint32_t field(std::size_t offset) const noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, buffer_.bytes + offset, sizeof value);
    return value;
  }

  StatBuffer buffer_{};
};

/// Takes back what a write of whole blocks put after the end.
Task<Result<void>> cut(File& file, std::uint64_t end) {
  Result<FileStatus> status = co_await file.stat();
  if (!status) co_return std::unexpected(status.error());
  if (status->bytes <= end) co_return Result<void>();
  Result<void> done = co_await file.truncate(end);
  co_return done;
}

}  // namespace

AlignedBuffer::AlignedBuffer(std::size_t bytes, std::size_t alignment)
    : memory_(static_cast<std::byte*>(::operator new(bytes, std::align_val_t(alignment)))),
      bytes_(bytes),
      alignment_(alignment) {}

AlignedBuffer::~AlignedBuffer() { ::operator delete(memory_, std::align_val_t(alignment_)); }

Task<Result<DirectFile>> DirectFile::open(Directory& directory, std::string path, OpenMode mode,
                                          std::uint32_t permissions) {
  if (path.contains('\0')) co_return failure(EINVAL);
  // A file is emptied once it is known that there is direct I/O on it.
  const OpenMode at_first = without(mode, OpenMode::truncate) | OpenMode::direct;
  Result<File> file = co_await directory.open_file(path, at_first, permissions);
  if (!file) {
    const bool refused = file.error() == std::errc::invalid_argument;
    co_return std::unexpected(refused ? os_error(EOPNOTSUPP) : file.error());
  }
  Descriptor* descriptor = file->descriptor_.get();
  Result<DirectAlignment> alignment = co_await Await<AlignmentLeaf>(std::in_place, descriptor);
  if (!alignment) co_return std::unexpected(alignment.error());
  if (has(mode, OpenMode::truncate)) {
    Result<void> emptied = co_await file->truncate(0);
    if (!emptied) co_return std::unexpected(emptied.error());
  }
  co_return DirectFile(std::move(*file), *alignment);
}

Task<Result<DirectFile>> DirectFile::open(std::string path, OpenMode mode,
                                          std::uint32_t permissions) {
  Directory current = Directory::current();
  Task<Result<DirectFile>> opening = open(current, std::move(path), mode, permissions);
  Result<DirectFile> opened = co_await std::move(opening);
  co_return opened;
}

bool DirectFile::fits(std::uint64_t offset, const void* memory, std::size_t bytes) const noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  return ((offset | bytes) & (alignment_.offset - 1)) == 0 &&
         (address & (alignment_.memory - 1)) == 0;
}

Task<Result<std::size_t>> DirectFile::read_at(std::uint64_t offset, std::span<std::byte> into) {
  if (fits(offset, into.data(), into.size())) {
    Result<std::size_t> read = co_await file_.read_at(offset, into);
    co_return read;
  }
  const std::size_t unit = alignment_.offset;
  const std::size_t most = std::max<std::size_t>(kMostBounced, 2 * unit);
  AlignedBuffer blocks = buffer(std::min<std::size_t>(round_up(into.size(), unit) + unit, most));
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t begin = round_down(offset + done, unit);
    const std::size_t skipped = static_cast<std::size_t>(offset + done - begin);
    Result<std::size_t> read = co_await file_.read_at(begin, blocks.bytes());
    if (!read && done == 0) co_return read;
    if (!read || *read <= skipped) break;
    const std::size_t part = std::min(*read - skipped, into.size() - done);
    std::memcpy(into.data() + done, blocks.data() + skipped, part);
    done += part;
    if (*read < blocks.size()) break;  // The end of the file.
  }
  co_return done;
}

Task<Result<void>> DirectFile::write_at(std::uint64_t offset, std::span<const std::byte> from) {
  const std::size_t unit = alignment_.offset;
  if (((offset | from.size()) & (unit - 1)) == 0) {
    Result<ReadGuard> beside = co_await writers_->lock_shared();
    if (!beside) co_return std::unexpected(beside.error());
    if (fits(offset, from.data(), from.size())) {
      Result<void> written = co_await file_.write_at(offset, from);
      co_return written;
    }
    Task<Result<void>> writing = write_parts(offset, from);
    Result<void> written = co_await std::move(writing);
    co_return written;
  }
  Result<WriteGuard> alone = co_await writers_->lock();
  if (!alone) co_return std::unexpected(alone.error());
  Result<FileStatus> status = co_await file_.stat();
  if (!status) co_return std::unexpected(status.error());
  Task<Result<void>> writing = write_parts(offset, from);
  Result<void> written = co_await std::move(writing);
  const std::uint64_t end = std::max<std::uint64_t>(status->bytes, offset + from.size());
  if (end >= round_up(offset + from.size(), unit)) co_return written;
  Task<Result<void>> cutting = shielded(cut(file_, end));
  Result<void> right_length = co_await std::move(cutting);
  co_return written ? right_length : written;
}

/// Through memory of its own, piece by piece, each a row of whole blocks.
Task<Result<void>> DirectFile::write_parts(std::uint64_t offset, std::span<const std::byte> from) {
  const std::size_t unit = alignment_.offset;
  const std::size_t most = std::max<std::size_t>(kMostBounced, 2 * unit);
  AlignedBuffer blocks = buffer(std::min<std::size_t>(round_up(from.size(), unit) + unit, most));
  while (!from.empty()) {
    const std::size_t before = static_cast<std::size_t>(offset & (unit - 1));
    const std::span<const std::byte> piece =
        from.first(std::min(from.size(), blocks.size() - before));
    Task<Result<void>> writing = write_piece(offset, piece, blocks);
    Result<void> written = co_await std::move(writing);
    if (!written) co_return written;
    offset += piece.size();
    from = from.subspan(piece.size());
  }
  co_return Result<void>();
}

/// What is beyond the end of the file reads as nothing, and is written as zeros.
Task<Result<void>> DirectFile::write_piece(std::uint64_t offset, std::span<const std::byte> from,
                                           AlignedBuffer& blocks) {
  const std::size_t unit = alignment_.offset;
  const std::size_t before = static_cast<std::size_t>(offset & (unit - 1));
  const std::uint64_t begin = offset - before;
  const std::size_t end = before + from.size();
  const std::size_t whole = static_cast<std::size_t>(round_up(end, unit));
  const std::span<std::byte> row = blocks.bytes().first(whole);
  if (before != 0) {
    Result<std::size_t> read = co_await file_.read_at(begin, row.first(unit));
    if (!read) co_return std::unexpected(read.error());
    std::memset(row.data() + *read, 0, unit - *read);
  }
  const bool cut = end != whole;
  const std::size_t last = whole - unit;
  if (cut && (before == 0 || last != 0)) {
    Result<std::size_t> read = co_await file_.read_at(begin + last, row.subspan(last));
    if (!read) co_return std::unexpected(read.error());
    std::memset(row.data() + last + *read, 0, unit - *read);
  }
  std::memcpy(row.data() + before, from.data(), from.size());
  Result<void> written = co_await file_.write_at(begin, row);
  co_return written;
}

}  // namespace rota::inline v0
