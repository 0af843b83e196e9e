// RegisteredMemory in rings: what is pinned, for how long, and what is not.
#include "driver/uring/memory_table.hpp"

#include "driver/choose.hpp"
#include "driver/driver_rig.hpp"
#include "driver/ring_tables.hpp"
#include "driver/sockets.hpp"

#include <rota/registered_memory.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::kept_in_rings;
using testing_sockets::TemporaryFile;

constexpr std::size_t kPage = 4096;

struct RingCase {
  const char* name;
  DriverKind kind;
  RingProfile profile;
};

constexpr RingCase kCases[] = {{"pinned", DriverKind::io_uring, RingProfile::pinned},
                               {"movable", DriverKind::io_uring, RingProfile::movable},
                               {"sqpoll", DriverKind::io_uring, RingProfile::sqpoll},
                               {"of_files", DriverKind::epoll, RingProfile::best}};

class MemoryOfRings : public testing::TestWithParam<RingCase> {
 protected:
  void SetUp() override {
    use({});
    if (IsSkipped()) return;
    if (pinned() == std::nullopt) GTEST_SKIP() << "this kernel does not tell what a ring keeps";
    const RegisteredMemory probe(kPage);
    ASSERT_EQ(move(OpCode::write_at, probe.bytes()), static_cast<std::int32_t>(kPage));
    if (pinned() != 1u) GTEST_SKIP() << "this kernel's ring keeps no memory";
  }
  void TearDown() override {
    if (file_ == nullptr) return;
    EXPECT_EQ(rig_->close(*file_), 0);
  }

  void use(KernelRelease as_kernel) {
    TearDown();
    file_ = nullptr;
    DriverConfig config;
    config.kind = GetParam().kind;
    config.ring = GetParam().profile;
    config.as_kernel = as_kernel;
    if (config.kind == DriverKind::epoll) config.files = FileEngineKind::io_uring;
    rig_.reset();
    auto chosen = choose_driver(config, nullptr);
    if (!chosen) GTEST_SKIP() << "there is no ring: " << chosen.error().message();
    rig_ = std::make_unique<DriverRig>(std::move(chosen->driver));
    Fd opened(checked(::open(on_disk_.path().c_str(), O_RDWR | O_CLOEXEC), "open"));
    file_ = &rig_->adopt(std::move(opened), FdKind::file);
    file_->ready_hint = interest_none;  // Not by a plain call, however soon that would be done.
  }

  /// At the beginning of the file, through the ring.
  std::int32_t move(OpCode code, std::span<std::byte> memory) {
    Transfer transfer(code, memory.data(), memory.size());
    const std::size_t before = rig_->returned();
    rig_->give(transfer, file_);
    rig_->turn_until_returned(before + 1);
    return transfer.result;
  }
  /// Whether what is written from this memory is what it has.
  bool is_written(std::span<std::byte> memory, char letter) {
    std::memset(memory.data(), letter, memory.size());
    if (move(OpCode::write_at, memory) != static_cast<std::int32_t>(memory.size())) return false;
    std::vector<std::byte> seen(memory.size());
    if (move(OpCode::read_at, seen) != static_cast<std::int32_t>(seen.size())) return false;
    return std::memcmp(seen.data(), memory.data(), seen.size()) == 0;
  }
  static std::optional<std::size_t> pinned() { return kept_in_rings("UserBufs:"); }
  DriverRig& rig() { return *rig_; }

 private:
  TemporaryFile on_disk_;
  std::unique_ptr<DriverRig> rig_;
  Descriptor* file_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(Ring, MemoryOfRings, testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(MemoryOfRings, is_pinned_once_for_what_lies_inside) {
  const RegisteredMemory memory(4 * kPage);
  for (const std::size_t at : {std::size_t{0}, kPage, 3 * kPage}) {
    EXPECT_TRUE(is_written(memory.bytes().subspan(at, kPage), 'i'));
    EXPECT_EQ(move(OpCode::read_at, memory.bytes().subspan(at, kPage)), 4096);
  }
  EXPECT_EQ(pinned(), 1u);
}

TEST_P(MemoryOfRings, any_other_is_not) {
  const RegisteredMemory never_used(kPage);
  std::vector<std::byte> plain(kPage);
  EXPECT_TRUE(is_written(plain, 'o'));
  EXPECT_EQ(pinned(), 0u);
}

TEST_P(MemoryOfRings, what_ends_is_let_go_with_the_next_turn) {
  std::optional<RegisteredMemory> memory(kPage);
  EXPECT_TRUE(is_written(memory->bytes(), 'e'));
  EXPECT_EQ(pinned(), 1u);
  memory.reset();
  rig().turn(Deadline::now());
  EXPECT_EQ(pinned(), 0u);
}

TEST_P(MemoryOfRings, what_comes_to_the_same_address_is_not_what_was_there) {
  std::byte* first = nullptr;
  bool came_again = false;
  for (const char letter : {'1', '2', '3', '4', '5', '6'}) {
    const RegisteredMemory memory(kPage);
    came_again = came_again || memory.data() == first;
    first = memory.data();
    ASSERT_TRUE(is_written(memory.bytes(), letter)) << letter;
  }
  if (!came_again) GTEST_SKIP() << "no address came again";
}

TEST_P(MemoryOfRings, of_more_than_a_ring_has_places_for_the_rest_is_plain) {
  std::vector<RegisteredMemory> all;
  for (std::uint32_t i = 0; i <= UringMemoryTable::kPlaces; ++i) {
    all.emplace_back(kPage);
    ASSERT_TRUE(is_written(all.back().bytes(), 'f'));
  }
  EXPECT_EQ(pinned(), UringMemoryTable::kPlaces);
}

/// The kernel has a limit of 1 GiB for each. These pages are never touched.
TEST_P(MemoryOfRings, that_is_refused_is_plain) {
  const RegisteredMemory large((std::size_t{1} << 30) + kPage);
  EXPECT_TRUE(is_written(large.bytes().first(kPage), 'l'));
  EXPECT_TRUE(is_written(large.bytes().last(kPage), 'm'));
  EXPECT_EQ(pinned(), 0u);
}

TEST_P(MemoryOfRings, an_older_kernel_keeps_none) {
  use({5, 18});
  const RegisteredMemory memory(kPage);
  EXPECT_TRUE(is_written(memory.bytes(), 'k'));
  EXPECT_EQ(pinned(), 0u);
}

TEST_P(MemoryOfRings, goes_on_while_another_thread_makes_and_ends_its_own) {
  const RegisteredMemory memory(kPage);
  std::atomic<bool> ends = false;
  std::thread other([&ends] {
    while (!ends) RegisteredMemory its_own(kPage);
  });
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(is_written(memory.bytes(), static_cast<char>(i)));
  ends = true;
  other.join();
}

TEST(RegisteredMemoryOfAProgram, begins_with_zeros_at_a_page_and_moves) {
  RegisteredMemory memory(kPage + 1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % kPage, 0u);
  EXPECT_EQ(memory.size(), kPage + 1);
  EXPECT_EQ(memory.bytes().back(), std::byte{0});
  std::byte* const begin = memory.data();
  RegisteredMemory moved = std::move(memory);
  EXPECT_EQ(moved.data(), begin);
  memory = RegisteredMemory(1);
  std::swap(memory, moved);
  EXPECT_EQ(memory.data(), begin);
  EXPECT_TRUE(RegisteredMemory(0).bytes().empty());
}

}  // namespace
}  // namespace rota
