// What is given up because it is no gain here is counted, and who runs the program can see it.
#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace rota {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 2048;

/// In the folder of temporary files; none of its pages is in the page cache, if that can be had.
class ColdFile {
 public:
  ColdFile() {
    const OwnedFd file(::mkostemp(path_.data(), O_CLOEXEC));
    const std::string text(kPages * kPage, 'c');
    is_cold_ = ::write(file.number(), text.data(), text.size()) ==
                   static_cast<ssize_t>(text.size()) &&
               ::fsync(file.number()) == 0 &&
               ::posix_fadvise(file.number(), 0, 0, POSIX_FADV_DONTNEED) == 0;
    std::array<char, kPage> page;
    const iovec into{page.data(), kPage};
    // The last one: to ask has the kernel read it.
    constexpr off_t last = (kPages - 1) * kPage;
    is_cold_ = is_cold_ && ::preadv2(file.number(), &into, 1, last, RWF_NOWAIT) < 0 &&
               errno == EAGAIN;
  }
  ColdFile(const ColdFile&) = delete;
  ColdFile& operator=(const ColdFile&) = delete;
  ~ColdFile() { ::unlink(path_.c_str()); }

  [[nodiscard]] bool is_cold() const noexcept { return is_cold_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "rota-cold-XXXXXX";
  bool is_cold_ = false;
};

/// Every other page, so that none was read with its neighbour, until reads are given up. When a
/// thread loses its CPU within a try, the device may have answered before it looks: there are hits
/// among the misses.
Task<void> read_until_demoted(const Runtime& runtime, const std::string& path,
                              std::size_t pages) {
  Result<File> file = co_await File::open(path, OpenMode::read);
  EXPECT_TRUE(file.has_value());
  Result<void> advised = co_await file->advise(Advice::random);
  EXPECT_TRUE(advised.has_value());
  std::array<std::byte, kPage> page;
  const std::uint64_t before = runtime.counters().demoted_reads;
  for (std::size_t i = 0; i + 1 < pages && runtime.counters().demoted_reads == before; i += 2) {
    Result<std::size_t> read = co_await file->read_at(i * kPage, page);
    EXPECT_EQ(read.value_or(0), kPage);
  }
  Result<void> closed = co_await file->close();
  EXPECT_TRUE(closed.has_value());
}

TEST(Demotion, of_a_file_whose_reads_keep_missing_the_page_cache_is_counted_by_the_runtime) {
  const ColdFile cold;
  if (!cold.is_cold()) GTEST_SKIP() << "no page of a file can be made cold here";
  Config config;
  // Its worker makes one try. A driver that waits for readiness makes another, by which time the
  // device may have answered the first.
  config.driver.kind = DriverKind::io_uring;
  auto runtime = Runtime::make(config);
  if (!runtime) GTEST_SKIP() << "there is no ring here";
  EXPECT_EQ(runtime->counters().demoted_reads, 0u);
  runtime->block_on(read_until_demoted(*runtime, cold.path(), kPages - 1));
  EXPECT_EQ(runtime->counters().demoted_reads, 1u);
  // From the page cache now, on another Descriptor: as many as were given up after.
  runtime->block_on(read_until_demoted(*runtime, cold.path(), 32));
  EXPECT_EQ(runtime->counters().demoted_reads, 1u);
}

}  // namespace
}  // namespace rota
