#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace rota::cli {

/// A mapped file whose pages take their time: whoever touches one for the first time is in a page
/// fault for so long, in a sleep that nothing but the end of the process interrupts.
///
/// It is of a FUSE file system, of this one file, that a child process serves. Nobody else finds
/// it: it is mounted where this process alone sees it, is unmounted as soon as the file is open,
/// lives on by the mapping alone, and so ends with the process, however that ends. The child ends
/// with the file, and with its parent. Whoever kills the process while it mounts may find an empty
/// temporary file.
class SlowFile {
 public:
  static constexpr std::size_t pages = 1024;

  /// To be called before the process has other threads, which from then on has mounts of its own:
  /// those that others make later it does not see. The error is a sentence: who may not mount
  /// cannot have one.
  static std::expected<SlowFile, std::string> make(std::uint64_t delay_ms);

  SlowFile(SlowFile&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)), server_(std::exchange(other.server_, -1)) {}
  SlowFile& operator=(SlowFile&&) = delete;
  ~SlowFile();

  /// Whether there are pages that nobody has touched.
  [[nodiscard]] bool has_pages() const noexcept { return touched_ < pages; }
  /// Touches the next of them; there must be one.
  void fault() noexcept;

 private:
  SlowFile(char* memory, pid_t server) noexcept : memory_(memory), server_(server) {}

  char* memory_;
  pid_t server_;
  std::size_t touched_ = 0;
};

}  // namespace rota::cli
