// Loads of files in a ring: by places of its table and no number, which come back whatever becomes
// of the file; and by a thread where the ring cannot.
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"
#include "driver/ring_tables.hpp"
#include "open_fds.hpp"
#include "sched/runtime_core.hpp"
#include "sched/worker.hpp"

#include <rota/registered_memory.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::both_profiles;
using testing_sockets::checked;
using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::kept_in_rings;
using testing_sockets::made;
using testing_sockets::profile_name;
using testing_sockets::request_of;
using testing_sockets::TemporaryFile;

constexpr std::uint32_t kEntries = 64;
constexpr std::uint32_t kCompletions = 256;

/// A pipe that has a name.
class NamedPipe {
 public:
  NamedPipe() { checked(::mkfifo(path_.c_str(), 0600), "mkfifo"); }
  NamedPipe(const NamedPipe&) = delete;
  NamedPipe& operator=(const NamedPipe&) = delete;
  ~NamedPipe() { ::unlink(path_.c_str()); }

  [[nodiscard]] const std::string& path() const { return path_; }
  /// One that only a thread of the kernel can follow, which then waits there for the other end.
  [[nodiscard]] std::string roundabout_path() const { return "/proc/self/root" + path_; }
  [[nodiscard]] Fd other_end() const {
    return Fd(checked(::open(path_.c_str(), O_RDWR | O_CLOEXEC), "open"));
  }

 private:
  static std::string new_name() {
    TemporaryFile taken;
    return taken.path() + ".pipe";
  }

  const std::string path_ = new_name();
};

struct Loading {
  explicit Loading(std::string name, std::size_t bytes = 100)
      : path(std::move(name)), memory(bytes), load(path.c_str(), memory.data(), bytes) {}

  [[nodiscard]] std::string text() const {
    return {reinterpret_cast<const char*>(memory.data()),
            static_cast<std::size_t>(std::max(load.result, 0))};
  }

  const std::string path;
  std::vector<std::byte> memory;
  Load load;
};

class LoadsOfARing : public testing::TestWithParam<RingProfile> {
 protected:
  LoadsOfARing() { file_.write_at("contents", 0); }
  void SetUp() override {
    use(request_of(GetParam(), kEntries, kCompletions));
    if (!ring().can(ring_keeps_files)) GTEST_SKIP() << "this kernel's ring keeps no files";
  }
  void TearDown() override { EXPECT_EQ(kept_in_rings("UserFiles:").value_or(0), 0u); }

  void use(const RingRequest& request) {
    auto driver = made(request);
    ring_ = &driver->ring();
    rig_ = std::make_unique<DriverRig>(std::move(driver));
    all_.clear();
  }
  DriverRig& rig() { return *rig_; }
  const UringRing& ring() { return *ring_; }

  Loading& start(const std::string& path) {
    Loading& one = all_.emplace_back(path);
    rig().give(one.load, nullptr);
    return one;
  }
  /// Enough turns for everything to begin.
  void settle() {
    for (std::size_t i = 0; i <= all_.size(); ++i) rig().turn(Deadline::now());
  }
  void finish() { rig().turn_until_returned(all_.size()); }
  Loading& load(const std::string& path) {
    Loading& one = start(path);
    finish();
    return one;
  }
  void cancel_all() {
    for (Loading& one : all_) {
      if (one.load.state != OpState::idle) rig().driver().cancel(one.load);
    }
    finish();
  }
  /// Whether its threads have done something, instead of the ring.
  [[nodiscard]] bool used_threads() { return rig().driver().engine_use().threads > 0; }
  void expect_done_by_a_thread() {
    EXPECT_EQ(load(file_.path()).text(), "contents");
    EXPECT_EQ(load("/missing").load.result, -ENOENT);
    EXPECT_TRUE(used_threads());
  }

  TemporaryFile file_;
  std::deque<Loading> all_;

 private:
  std::unique_ptr<DriverRig> rig_;
  const UringRing* ring_ = nullptr;
};

INSTANTIATE_TEST_SUITE_P(UringProfile, LoadsOfARing, both_profiles(), profile_name);

TEST_P(LoadsOfARing, use_no_number_while_they_are_in_flight) {
  constexpr std::size_t kLoads = 100;
  const NamedPipe pipe;
  const Fd other = pipe.other_end();
  EXPECT_EQ(load(file_.path()).text(), "contents");
  const std::size_t open_before = leaks::open_fds();
  for (std::size_t i = 0; i < kLoads; ++i) start(pipe.path());
  settle();
  EXPECT_EQ(leaks::open_fds(), open_before);
  if (const auto kept = kept_in_rings("UserFiles:")) EXPECT_EQ(*kept, kLoads);
  const std::string bytes(100, 'x');
  for (std::size_t i = 0; i < kLoads; ++i) {
    ASSERT_EQ(::write(other.number(), bytes.data(), bytes.size()), 100);
  }
  finish();
  for (std::size_t i = 1; i <= kLoads; ++i) EXPECT_EQ(all_[i].text(), bytes);
  EXPECT_FALSE(used_threads());
}

/// Each kind of end more often than there are places.
TEST_P(LoadsOfARing, give_their_place_back_whatever_became_of_them) {
  const std::string long_name(5000, 'n');
  for (std::uint32_t i = 0; i <= UringFileTable::kPlaces; ++i) {
    EXPECT_EQ(start("/missing").load.result, 0);
    start("/tmp");
    start(long_name);
    start(file_.path()).load.data = nullptr;
    start(file_.path());
    finish();
  }
  for (std::size_t i = 0; i < all_.size(); i += 5) {
    ASSERT_EQ(all_[i].load.result, -ENOENT);
    ASSERT_EQ(all_[i + 1].load.result, -EISDIR);
    ASSERT_EQ(all_[i + 2].load.result, -ENAMETOOLONG);
    ASSERT_EQ(all_[i + 3].load.result, -EFAULT);
    ASSERT_EQ(all_[i + 4].text(), "contents");
  }
  EXPECT_FALSE(used_threads());
}

TEST_P(LoadsOfARing, are_a_threads_where_every_place_is_taken) {
  const NamedPipe pipe;
  const Fd other = pipe.other_end();
  for (std::uint32_t i = 0; i < UringFileTable::kPlaces; ++i) start(pipe.path());
  settle();
  EXPECT_FALSE(used_threads());
  Loading& next = start(file_.path());
  rig().turn_until_returned(1);
  EXPECT_EQ(next.text(), "contents");
  EXPECT_TRUE(used_threads());
  cancel_all();
  all_.pop_back();
  for (const Loading& one : all_) EXPECT_EQ(one.load.result, -ECANCELED);
}

TEST_P(LoadsOfARing, are_cancelled_while_they_wait_for_the_other_end_of_a_pipe) {
  const NamedPipe pipe;
  Loading& quick = start(pipe.path());
  Loading& slow = start(pipe.roundabout_path());
  rig().turn(Deadline::now());
  cancel_all();
  EXPECT_EQ(quick.load.result, -ECANCELED);
  EXPECT_EQ(slow.load.result, -ECANCELED);
  EXPECT_FALSE(used_threads());
}

TEST_P(LoadsOfARing, wait_for_the_other_end_of_a_pipe_as_a_thread_does) {
  const NamedPipe pipe;
  Loading& quick = start(pipe.path());
  Loading& slow = start(pipe.roundabout_path());
  rig().turn(Deadline::now());
  EXPECT_EQ(rig().returned(), 0u);
  const Fd other = pipe.other_end();
  const std::string bytes(200, 'x');
  ASSERT_EQ(::write(other.number(), bytes.data(), bytes.size()), 200);
  finish();
  EXPECT_EQ(quick.load.result, 100);
  EXPECT_EQ(slow.load.result, 100);
}

/// The open ends at any moment, before its cancel, with it and after it. A read that no cancel
/// reaches waits for ever.
TEST_P(LoadsOfARing, are_cancelled_whichever_entry_is_out) {
  const NamedPipe pipe;
  const Fd other = pipe.other_end();
  for (int i = 0; i < 2000; ++i) {
    start(i % 2 == 0 ? pipe.path() : pipe.roundabout_path());
    start(pipe.roundabout_path());
    rig().turn(Deadline::now());
    for (volatile int pause = 0; pause < 50 * (i % 50);) pause = pause + 1;
    if (i % 3 == 0) rig().turn(Deadline::now());
    cancel_all();
  }
  for (const Loading& one : all_) ASSERT_EQ(one.load.result, -ECANCELED);
  EXPECT_FALSE(used_threads());
}

TEST_P(LoadsOfARing, that_were_cancelled_do_not_have_the_next_use_of_their_memory_cancelled) {
  const NamedPipe pipe;
  const Fd other = pipe.other_end();
  const std::string paths[] = {pipe.path(), pipe.roundabout_path()};
  std::array<std::byte, 4> bytes{};
  for (std::size_t i = 0; i < 500; ++i) {
    Load load(paths[i % 2].c_str(), bytes.data(), bytes.size());
    rig().give(load, nullptr);
    rig().turn(Deadline::now());
    rig().driver().cancel(load);
    rig().turn_until_returned(2 * i + 1);
    ASSERT_EQ(load.result, -ECANCELED);
    load.stopping = false;
    rig().give(load, nullptr);
    rig().turn(Deadline::now());
    ASSERT_EQ(::write(other.number(), "next", 4), 4);
    rig().turn_until_returned(2 * i + 2);
    ASSERT_EQ(load.result, 4);
  }
}

TEST_P(LoadsOfARing, an_open_that_waits_in_the_kernel_is_cancelled_by_its_name) {
  const NamedPipe pipe;
  const std::string path = pipe.roundabout_path();
  Open open(path.c_str(), O_RDONLY | O_CLOEXEC, 0);
  rig().give(open, nullptr);
  rig().turn(Deadline::now());
  rig().driver().cancel(open);
  rig().turn_until_returned(1);
  EXPECT_EQ(open.result, -ECANCELED);
}

TEST_P(LoadsOfARing, read_into_memory_that_is_registered) {
  const RegisteredMemory memory(4096);
  Load load(file_.path().c_str(), memory.bytes().data(), memory.bytes().size());
  rig().give(load, nullptr);
  rig().turn_until_returned(1);
  ASSERT_EQ(load.result, 8);
  EXPECT_EQ(std::memcmp(memory.bytes().data(), "contents", 8), 0);
}

TEST_P(LoadsOfARing, need_room_for_three_entries) {
  use(request_of(GetParam(), 2, 4));
  expect_done_by_a_thread();
  use(request_of(GetParam(), 4, 8));
  for (int i = 0; i < 100; ++i) start(file_.path());
  finish();
  for (const Loading& one : all_) EXPECT_EQ(one.text(), "contents");
  EXPECT_FALSE(used_threads());
}

TEST_P(LoadsOfARing, are_a_threads_where_the_table_is_refused) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{UringFileTable::kPlaces - 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  expect_done_by_a_thread();
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_P(LoadsOfARing, are_a_threads_on_an_older_kernel) {
  RingRequest request = request_of(GetParam(), kEntries, kCompletions);
  request.as_kernel = {6, 13};
  use(request);
  expect_done_by_a_thread();
}

TEST_P(LoadsOfARing, are_a_threads_where_a_thread_of_the_kernel_submits) {
  use(request_of(RingProfile::sqpoll, kEntries, kCompletions));
  if (!ring().has_submitter()) GTEST_SKIP() << "the kernel gives no such thread";
  expect_done_by_a_thread();
}

/// What leaves a table by itself is what has a number.
TEST_P(LoadsOfARing, have_places_also_where_descriptors_move) {
  RuntimeCore core;
  Worker worker(core, rig().driver());
  rig().driver().share(worker);
  EXPECT_EQ(load(file_.path()).text(), "contents");
  EXPECT_FALSE(used_threads());
}

/// A batch of entries ends with one that is refused: those behind it are left behind, and belong to
/// no link any more.
TEST_P(LoadsOfARing, end_with_the_first_error_where_the_kernel_takes_no_entry_behind_it) {
  RingRequest request = request_of(GetParam(), kEntries, kCompletions);
  request.withheld_setup_flags = IORING_SETUP_SUBMIT_ALL;
  use(request);
  const std::string long_name(5000, 'n');
  for (std::uint32_t i = 0; i <= UringFileTable::kPlaces; ++i) {
    start(long_name);
    start(file_.path());
    finish();
  }
  for (std::size_t i = 0; i < all_.size(); i += 2) {
    ASSERT_EQ(all_[i].load.result, -ENAMETOOLONG);
    ASSERT_EQ(all_[i + 1].text(), "contents");
  }
  EXPECT_FALSE(used_threads());
}

/// One waits for the other end of its pipe, one for bytes: of both the kernel has begun the read.
TEST(LoadsOfAMovableRing, begin_again_when_the_thread_that_submitted_them_has_ended) {
  DriverRig rig(made(request_of(RingProfile::movable, kEntries, kCompletions)));
  const NamedPipe idle;
  const NamedPipe closed;
  const Fd other = idle.other_end();
  Loading bytes(idle.path());
  Loading end(closed.path());
  rig.give(bytes.load, nullptr);
  rig.give(end.load, nullptr);
  std::thread([&] { rig.turn(Deadline::now()); }).join();
  rig.turn(Deadline::now());
  EXPECT_EQ(rig.returned(), 0u);
  ASSERT_EQ(::write(other.number(), "late", 4), 4);
  const Fd late = closed.other_end();
  ASSERT_EQ(::write(late.number(), "too", 3), 3);
  rig.turn_until_returned(2);
  EXPECT_EQ(bytes.text(), "late");
  EXPECT_EQ(end.text(), "too");
  EXPECT_EQ(kept_in_rings("UserFiles:").value_or(0), 0u);
}

TEST(LoadsOfAMovableRing, are_cancelled_by_another_thread_than_submitted_them) {
  DriverRig rig(made(request_of(RingProfile::movable, kEntries, kCompletions)));
  const NamedPipe pipe;
  const Fd other = pipe.other_end();
  Loading quick(pipe.path());
  Loading slow(pipe.roundabout_path());
  rig.give(quick.load, nullptr);
  rig.give(slow.load, nullptr);
  rig.turn(Deadline::now());
  std::thread([&] {
    rig.driver().cancel(quick.load);
    rig.driver().cancel(slow.load);
    rig.turn_until_returned(2);
  }).join();
  EXPECT_EQ(quick.load.result, -ECANCELED);
  EXPECT_EQ(slow.load.result, -ECANCELED);
}

}  // namespace
}  // namespace rota
