// Advice on memory, which has no descriptor.
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

namespace rota::conformance {
namespace {

// Of Linux 5.14, for headers that are older.
constexpr int kPopulateRead = 22;
constexpr int kPopulateWrite = 23;

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

/// So many pages of memory, private unless they are a file's.
class Mapping {
 public:
  explicit Mapping(std::size_t pages, int file = -1)
      : bytes_(pages * page_bytes()),
        base_(::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                     file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, file, 0)) {
    EXPECT_NE(base_, MAP_FAILED);
  }
  ~Mapping() { ::munmap(base_, bytes_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] void* base() const { return base_; }
  [[nodiscard]] char* text() const { return static_cast<char*>(base_); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// How many of its pages a touch finds without a fault.
  [[nodiscard]] std::size_t mapped_pages() const {
    const Fd map(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
    std::vector<std::uint64_t> entries(bytes_ / page_bytes());
    const auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(base_) / page_bytes() *
                                       sizeof(std::uint64_t));
    const std::size_t wanted = entries.size() * sizeof(std::uint64_t);
    EXPECT_EQ(::pread(map.number(), entries.data(), wanted, at), static_cast<ssize_t>(wanted));
    std::size_t mapped = 0;
    for (const std::uint64_t entry : entries) mapped += entry >> 63;
    return mapped;
  }

 private:
  std::size_t bytes_;
  void* base_;
};

constexpr const char* kTooOld = "cannot run: Linux 5.14 brings in memory, and this is older";

class MemoryConformance : public Conformance {
 protected:
  TemporaryFolder folder_;
};

TEST_P(MemoryConformance, a_mapped_file_is_brought_in) {
  const std::string contents = pattern(8 * page_bytes());
  write_file(folder_.file("mapped"), contents);
  const Fd file(::open(folder_.file("mapped").c_str(), O_RDWR | O_CLOEXEC));
  const Mapping mapping(8, file.number());
  ASSERT_EQ(mapping.mapped_pages(), 0u);
  MemoryRange& bringing = advise_memory(kPopulateRead, mapping.base(), mapping.bytes());
  ASSERT_TRUE(finish(bringing));
  if (bringing.result == -EINVAL) GTEST_SKIP() << kTooOld;
  EXPECT_EQ(bringing.result, 0);
  EXPECT_EQ(mapping.mapped_pages(), 8u);
  EXPECT_TRUE(contents == std::string(mapping.text(), contents.size()));
}

TEST_P(MemoryConformance, memory_is_brought_in_to_be_written) {
  const Mapping mapping(8);
  MemoryRange& bringing = advise_memory(kPopulateWrite, mapping.base(), mapping.bytes());
  ASSERT_TRUE(finish(bringing));
  if (bringing.result == -EINVAL) GTEST_SKIP() << kTooOld;
  EXPECT_EQ(bringing.result, 0);
  EXPECT_EQ(mapping.mapped_pages(), 8u);
}

TEST_P(MemoryConformance, what_is_dropped_reads_as_zeros) {
  const Mapping mapping(4);
  std::memset(mapping.base(), 'x', mapping.bytes());
  MemoryRange& dropping = advise_memory(MADV_DONTNEED, mapping.base(), 2 * page_bytes());
  ASSERT_TRUE(finish(dropping));
  EXPECT_EQ(dropping.result, 0);
  EXPECT_EQ(mapping.text()[0], '\0');
  EXPECT_EQ(mapping.text()[2 * page_bytes() - 1], '\0');
  EXPECT_EQ(mapping.text()[2 * page_bytes()], 'x');
}

TEST_P(MemoryConformance, advice_says_what_is_wrong) {
  const std::string contents = pattern(page_bytes());
  write_file(folder_.file("one"), contents);
  const Fd file(::open(folder_.file("one").c_str(), O_RDWR | O_CLOEXEC));
  const Mapping beyond(2, file.number());
  constexpr int kNoAdvice = 9999;
  // Below what may be mapped (vm.mmap_min_addr), so that no other thread comes to have it.
  void* const nowhere = reinterpret_cast<void*>(page_bytes());
  MemoryRange& unknown = advise_memory(kNoAdvice, beyond.base(), beyond.bytes());
  MemoryRange& askew = advise_memory(MADV_WILLNEED, beyond.text() + 1, page_bytes());
  MemoryRange& unmapped = advise_memory(MADV_WILLNEED, nowhere, page_bytes());
  MemoryRange& behind = advise_memory(kPopulateRead, beyond.base(), beyond.bytes());
  MemoryRange& none = advise_memory(MADV_WILLNEED, beyond.base(), 0);
  ASSERT_TRUE(finish(unknown, askew, unmapped, behind, none));
  EXPECT_EQ(unknown.result, -EINVAL);
  EXPECT_EQ(askew.result, -EINVAL);
  EXPECT_EQ(unmapped.result, -ENOMEM);
  EXPECT_TRUE(behind.result == -EFAULT || behind.result == -EINVAL) << behind.result;
  EXPECT_EQ(none.result, 0);
}

TEST_P(MemoryConformance, advice_that_is_cancelled_was_taken_or_not) {
  const Mapping mapping(64);
  for (int i = 0; i < 20; ++i) {
    MemoryRange& bringing = advise_memory(MADV_WILLNEED, mapping.base(), mapping.bytes());
    turn_now();
    if (!is_back(bringing)) cancel(bringing);
    ASSERT_TRUE(finish(bringing));
    EXPECT_TRUE(bringing.result == 0 || bringing.result == -ECANCELED) << bringing.result;
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, MemoryConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance
