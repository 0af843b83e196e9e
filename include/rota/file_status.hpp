#pragma once

#include <rota/core/cancel_loss.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/path_leaf.hpp>
#include <rota/core/path_text.hpp>
#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rota::inline v0 {

/// What a name stands for.
enum class FileType : std::uint8_t {
  unknown,  ///< of an entry: the file system does not keep it beside the name; `stat` tells
  regular,
  directory,
  symlink,
  pipe,
  socket,
  block_device,
  character_device,
};

/// What `stat` says of a file. Times are nanoseconds since 1970.
struct FileStatus {
  std::uint64_t bytes = 0;
  std::uint64_t blocks_of_512 = 0;
  std::uint32_t mode = 0;  ///< type and permissions, as in stat(2)
  std::uint32_t links = 0;
  std::int64_t modified_ns = 0;
  std::int64_t accessed_ns = 0;
  std::int64_t changed_ns = 0;  ///< the status itself
  std::int64_t born_ns = 0;     ///< 0 where the file system does not know
  std::uint64_t device = 0;     ///< with the inode: which file it is
  std::uint64_t inode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;

  [[nodiscard]] FileType type() const noexcept;
  [[nodiscard]] std::uint32_t permissions() const noexcept { return mode & 07777; }
};

/// What becomes of one time of a file.
class TimeChange {
 public:
  [[nodiscard]] static constexpr TimeChange keep() noexcept { return {Kind::keep, 0}; }
  [[nodiscard]] static constexpr TimeChange now() noexcept { return {Kind::now, 0}; }
  /// Nanoseconds since 1970.
  [[nodiscard]] static constexpr TimeChange to(std::int64_t ns) noexcept { return {Kind::at, ns}; }

 private:
  friend class TimesLeaf;
  enum class Kind : std::uint8_t { keep, now, at };
  constexpr TimeChange(Kind kind, std::int64_t ns) noexcept : kind_(kind), ns_(ns) {}

  Kind kind_;
  std::int64_t ns_;
};

/// Memory for what the kernel says of a file (struct statx).
struct alignas(8) StatBuffer {
  std::byte bytes[256];
};

/// The leaf of `stat`, of an open file or of what a path names.
class StatLeaf : public OperationLeaf<Stat> {
 public:
  static constexpr CancelLoss loses = CancelLoss::nothing;

  explicit StatLeaf(Descriptor* file) noexcept : StatLeaf(PathStart{file}, "", Links::follow) {}
  StatLeaf(PathStart start, std::string_view path, Links links) noexcept;
  bool start(Runnable& self) noexcept;
  Result<FileStatus> finish() const noexcept;

 private:
  PathText path_;
  StatBuffer buffer_;
};

/// The leaf of `change_times`.
class TimesLeaf : public PathLeaf {
 public:
  TimesLeaf(PathStart start, std::string_view path, TimeChange accessed, TimeChange modified,
            Links links) noexcept;

 private:
  std::int64_t native_[4];  ///< two timespecs
};

}  // namespace rota::inline v0
