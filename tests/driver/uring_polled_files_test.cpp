// A ring of files that asks the device: what it takes, what it leaves to others, and a driver that
// does not sleep meanwhile. Whether this machine has a device that can be asked, the cells say.
#include "driver/files/uring_polled_files.hpp"

#include "driver/choose.hpp"
#include "driver/driver_rig.hpp"
#include "driver/engine_fixture.hpp"
#include "driver/files/uring_files.hpp"
#include "driver/readiness/poll.hpp"
#include "driver/readiness/readiness.hpp"
#include "driver/sockets.hpp"

#include <rota/registered_memory.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::TemporaryFile;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kBlocks = 16;

bool any_says(const std::vector<Refusal>& refusals, const char* part) {
  return std::ranges::any_of(refusals, [part](const Refusal& refusal) {
    return refusal.reason.find(part) != std::string::npos;
  });
}

EngineRequest asked_for(DevicePolling polling) {
  EngineRequest asked{FileEngineKind::io_uring};
  asked.device_polling = polling;
  return asked;
}

/// The engine itself, also where no device could be asked.
class PolledFiles : public testing::TestWithParam<DevicePolling>,
                    protected engine_fixture::EngineRig {
 protected:
  void SetUp() override {
    const EngineRequest asked = asked_for(GetParam());
    auto others = make_file_engine(asked_for(DevicePolling::never), bell().notify(), refusals_);
    if (!others) GTEST_SKIP() << "there is no ring: " << others.error().message();
    auto made = UringPolledFiles::make(asked, bell().notify(), *others, refusals_);
    if (!made) GTEST_SKIP() << "there is no such ring: " << made.error().message();
    use(std::move(*made));
    // What makes a file longer is not asked for: such a write has ended when it returns.
    on_disk_.write_at(std::string(kBlocks * kPage, 'f'), 0);
    checked(::fsync(on_disk_.number()), "fsync");
    file_ = Fd(::open(on_disk_.path().c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
    if (file_.number() < 0) GTEST_SKIP() << "this file system has no direct I/O";
  }
  /// Nobody rings for what the device alone knows.
  void run(Operation& operation) {
    submit(operation);
    OpList done;
    while (done.empty()) engine().reap(done);
  }
  [[nodiscard]] const Fd& direct() const { return file_; }
  [[nodiscard]] const std::string& path() const { return on_disk_.path(); }

 private:
  std::vector<Refusal> refusals_;
  TemporaryFile on_disk_;
  Fd file_;
};

INSTANTIATE_TEST_SUITE_P(Ring, PolledFiles,
                         testing::Values(DevicePolling::busy, DevicePolling::hybrid),
                         [](const auto& one) {
                           return one.param == DevicePolling::busy ? "busy" : "hybrid";
                         });

TEST_P(PolledFiles, direct_transfers_come_back_whether_the_device_can_be_asked_or_not) {
  Descriptor& file = adopt(direct().number());
  ASSERT_TRUE(file.direct);
  const RegisteredMemory memory(2 * kPage);
  std::memset(memory.data(), 'w', kPage);
  for (int i = 0; i < 3; ++i) {
    Transfer write(OpCode::write_at, memory.data(), kPage, kPage * static_cast<unsigned>(i));
    write.descriptor = &file;
    run(write);
    ASSERT_EQ(write.result, 4096);
  }
  Transfer read(OpCode::read_at, memory.data() + kPage, kPage, kPage);
  read.descriptor = &file;
  run(read);
  EXPECT_EQ(read.result, 4096);
  EXPECT_EQ(std::memcmp(memory.data(), memory.data() + kPage, kPage), 0);
  EXPECT_FALSE(engine().needs_reap());
}

TEST_P(PolledFiles, what_cannot_be_asked_is_remembered) {
  Descriptor& file = adopt(direct().number());
  const RegisteredMemory memory(kPage);
  Transfer read(OpCode::read_at, memory.data(), kPage);
  read.descriptor = &file;
  run(read);
  ASSERT_EQ(read.result, 4096);
  if (!file.interrupts) GTEST_SKIP() << "the device of this file can be asked";
  Transfer again(OpCode::read_at, memory.data(), kPage);
  again.descriptor = &file;
  submit(again);
  EXPECT_FALSE(engine().needs_reap()) << "the device was asked again";
  reap(1);
  EXPECT_EQ(again.result, 4096);
}

TEST_P(PolledFiles, a_device_that_can_be_asked_is) {
  if (std::string lack = no_polled_device(); !lack.empty()) GTEST_SKIP() << lack;
  Descriptor& file = adopt(direct().number());
  const RegisteredMemory memory(kPage);
  Transfer read(OpCode::read_at, memory.data(), kPage);
  read.descriptor = &file;
  run(read);
  if (file.interrupts) GTEST_SKIP() << "not the device of the temporary folder";
  Transfer again(OpCode::read_at, memory.data(), kPage);
  again.descriptor = &file;
  submit(again);
  EXPECT_TRUE(engine().needs_reap());
  OpList done;
  while (done.empty()) engine().reap(done);
  EXPECT_EQ(again.result, 4096);
}

TEST_P(PolledFiles, what_is_no_direct_transfer_is_for_others) {
  Descriptor& direct_file = adopt(direct().number());
  const Fd buffered(checked(::open(path().c_str(), O_RDWR | O_CLOEXEC), "open"));
  Descriptor& buffered_file = adopt(buffered.number());
  engine_fixture::At write(OpCode::write_at, buffered_file, "buffered", 0);
  Operation sync(OpCode::sync);
  sync.descriptor = &direct_file;
  submit(write);
  submit(sync);
  EXPECT_FALSE(engine().needs_reap());
  reap(2);
  EXPECT_EQ(write.result, 8);
  EXPECT_EQ(sync.result, 0);
}

TEST_P(PolledFiles, more_than_the_queues_hold_come_back_all_and_a_cancel_ends_what_waits) {
  constexpr std::size_t kWrites = 2 * UringPolledFiles::kCompletions;
  Descriptor& file = adopt(direct().number());
  const RegisteredMemory memory(kPage);
  std::deque<Transfer> all;
  OpList batch;
  for (std::size_t i = 0; i < kWrites; ++i) {
    Transfer& write = all.emplace_back(OpCode::write_at, memory.data(), kPage, i % kBlocks * kPage);
    write.descriptor = &file;
    batch.push_back(write);
  }
  engine().submit(std::move(batch));
  engine().cancel(all.back());
  engine().cancel_all(file);
  std::size_t back = 0;
  while (back < kWrites) {
    OpList done;
    engine().reap(done);
    while (done.pop_front() != nullptr) back += 1;
  }
  EXPECT_EQ(all.back().result, -ECANCELED);
  for (const Transfer& one : all) EXPECT_TRUE(one.result == 4096 || one.result == -ECANCELED);
  EXPECT_FALSE(engine().needs_reap());
}

TEST(PolledFilesOfADriver, are_a_plain_ring_and_a_refusal_where_no_device_can_be_asked) {
  DriverConfig config;
  config.kind = DriverKind::epoll;
  config.files = FileEngineKind::io_uring;
  config.device_polling = DevicePolling::busy;
  std::vector<Refusal> refusals;
  auto chosen = choose_driver(config, &refusals);
  if (!chosen) GTEST_SKIP() << "there is no ring: " << chosen.error().message();
  EXPECT_NE(any_says(refusals, "can be polled"), no_polled_device().empty());
  DriverRig rig(std::move(chosen->driver));
  TemporaryFile on_disk;
  Fd opened(::open(on_disk.path().c_str(), O_RDWR | O_DIRECT | O_CLOEXEC));
  if (opened.number() < 0) GTEST_SKIP() << "this file system has no direct I/O";
  Descriptor& file = rig.adopt(std::move(opened), FdKind::file);
  const RegisteredMemory memory(kPage);
  Transfer write(OpCode::write_at, memory.data(), kPage);
  rig.give(write, &file);
  rig.turn_until_returned(1);
  EXPECT_EQ(write.result, 4096);
  EXPECT_EQ(rig.close(file), 0);
}

TEST(PolledFilesOfADriver, ask_without_a_sleep_on_a_kernel_that_knows_none) {
  EngineRequest asked = asked_for(DevicePolling::hybrid);
  asked.as_kernel = {6, 12};
  engine_fixture::Bell bell;
  std::vector<Refusal> refusals;
  auto others = make_file_engine(asked_for(DevicePolling::never), bell.notify(), refusals);
  if (!others) GTEST_SKIP() << "there is no ring: " << others.error().message();
  auto made = UringPolledFiles::make(asked, bell.notify(), *others, refusals);
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(any_says(refusals, "IORING_SETUP_HYBRID_IOPOLL"));
}

/// Gives an operation back when it has been asked a few times, and notifies nobody.
class AskedFiles final : public FileEngine {
 public:
  void submit(OpList operations) override { waiting_.append(std::move(operations)); }
  void cancel(Operation&) noexcept override {}
  void cancel_all(const Descriptor&) noexcept override {}
  void reap(OpList& done) override {
    constexpr int enough = 5;
    if (waiting_.empty() || ++asked_ < enough) return;
    while (Operation* operation = waiting_.pop_front()) done.push_back(*operation);
  }
  [[nodiscard]] bool needs_reap() const noexcept override { return !waiting_.empty(); }
  [[nodiscard]] EngineUse use() const noexcept override { return {}; }
  [[nodiscard]] std::string_view name() const noexcept override { return "asked"; }

 private:
  OpList waiting_;
  int asked_ = 0;
};

TEST(PolledFilesOfADriver, keep_it_awake) {
  auto driver = std::make_unique<ReadinessDriver>(*make_poll_poller());
  driver->attach(std::make_unique<AskedFiles>());
  DriverRig rig(std::move(driver));
  TemporaryFile on_disk;
  Fd opened(checked(::open(on_disk.path().c_str(), O_RDWR | O_CLOEXEC), "open"));
  Descriptor& file = rig.adopt(std::move(opened), FdKind::file);
  Operation sync(OpCode::sync);
  rig.give(sync, &file);
  rig.turn();  // Without a limit: whoever sleeps here sleeps for ever.
  EXPECT_EQ(rig.returned(), 1u);
  EXPECT_EQ(rig.close(file), 0);
}

}  // namespace
}  // namespace rota
