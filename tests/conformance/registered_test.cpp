// RegisteredMemory: to whoever moves bytes, memory like any other.
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <rota/registered_memory.hpp>

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace rota::conformance {
namespace {

constexpr std::size_t kBlock = 4096;

class RegisteredConformance : public Conformance {
 protected:
  Descriptor& opened(int flags) {
    Fd file(::open(folder_.file("data").c_str(), flags | O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    return adopt(std::move(file), FdKind::file);
  }
  /// The result of the transfer.
  std::int32_t moved(OpCode code, Descriptor& file, std::span<std::byte> memory,
                     std::uint64_t offset) {
    Transfer& transfer = move_at(code, file, memory, offset);
    EXPECT_TRUE(finish(transfer));
    return transfer.result;
  }
  static void fill(std::span<std::byte> memory, char letter) {
    std::memset(memory.data(), letter, memory.size());
  }
  static bool is_all(std::span<const std::byte> memory, char letter) {
    for (const std::byte each : memory) {
      if (each != static_cast<std::byte>(letter)) return false;
    }
    return true;
  }

  TemporaryFolder folder_;
};

TEST_P(RegisteredConformance, what_is_written_from_it_is_read_into_it) {
  Descriptor& file = opened(0);
  const RegisteredMemory memory(3 * kBlock);
  fill(memory.bytes(), 'a');
  fill(memory.bytes().subspan(1000, 10), 'b');
  EXPECT_EQ(moved(OpCode::write_at, file, memory.bytes(), 0), 3 * kBlock);
  fill(memory.bytes(), 0);
  // Into its middle, to its end, and no further than the file goes.
  EXPECT_EQ(moved(OpCode::read_at, file, memory.bytes().subspan(7, 10), 1000), 10);
  EXPECT_EQ(moved(OpCode::read_at, file, memory.bytes().last(5), 20), 5);
  EXPECT_EQ(moved(OpCode::read_at, file, memory.bytes().subspan(100, 50), 3 * kBlock - 8), 8);
  EXPECT_TRUE(is_all(memory.bytes().subspan(7, 10), 'b'));
  EXPECT_TRUE(is_all(memory.bytes().last(5), 'a'));
  EXPECT_TRUE(is_all(memory.bytes().subspan(100, 8), 'a'));
  EXPECT_TRUE(is_all(memory.bytes().subspan(108, 42), 0));
}

TEST_P(RegisteredConformance, is_what_direct_transfers_need) {
  Fd direct(::open(folder_.file("data").c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
  if (direct.number() < 0) GTEST_SKIP() << "this file system has no direct I/O";
  Descriptor& file = adopt(std::move(direct), FdKind::file);
  const RegisteredMemory memory(4 * kBlock);
  fill(memory.bytes(), 'd');
  EXPECT_EQ(moved(OpCode::write_at, file, memory.bytes().first(2 * kBlock), 0), 2 * kBlock);
  EXPECT_EQ(moved(OpCode::read_at, file, memory.bytes().last(kBlock), kBlock), kBlock);
  EXPECT_TRUE(is_all(memory.bytes().last(kBlock), 'd'));
}

TEST_P(RegisteredConformance, what_takes_its_place_is_other_memory) {
  Descriptor& file = opened(0);
  for (const char letter : {'p', 'q', 'r'}) {
    const RegisteredMemory memory(kBlock);
    fill(memory.bytes(), letter);
    ASSERT_EQ(moved(OpCode::write_at, file, memory.bytes(), 0), kBlock);
    fill(memory.bytes(), 0);
    ASSERT_EQ(moved(OpCode::read_at, file, memory.bytes(), 0), kBlock);
    ASSERT_TRUE(is_all(memory.bytes(), letter)) << letter;
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, RegisteredConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance
