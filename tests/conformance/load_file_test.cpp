// Files that are opened, read and closed in one operation: by a ring without a number, by a thread
// with one.
#include "conformance/path_conformance.hpp"
#include "open_fds.hpp"

#include <cerrno>
#include <vector>

namespace rota::conformance {
namespace {

class LoadConformance : public PathConformance {
 protected:
  void TearDown() override {
    late_ = Fd();
    PathConformance::TearDown();
  }
  /// The result of a load that is not to succeed.
  std::int32_t load_refused(const std::string& path, std::uint64_t resolve = 0) {
    Load& loading = load(home_, path, 100, resolve);
    EXPECT_TRUE(finish(loading));
    return loading.result;
  }
  /// A pipe that has a name. What is simulated waits for no other process: there it has bytes.
  std::string named_pipe() {
    EXPECT_EQ(::mkfifo(at_home("pipe").c_str(), 0600), 0);
    if (driver().traits().virtual_clock) feed();
    return "pipe";
  }
  /// For what is on a thread that waits, and is to end.
  void feed() {
    open_other_end();
    EXPECT_EQ(::write(late_.number(), "late", 4), 4);
  }
  void open_other_end() {
    if (late_.number() < 0) late_ = Fd(::open(at_home("pipe").c_str(), O_RDWR | O_CLOEXEC));
  }
  /// Nothing was read, or what came late on a thread that a cancel does not end.
  void expect_stopped(const Load& loading) {
    if (loading.result != -ECANCELED) {
      EXPECT_EQ(text(loading), "late");
    }
  }

  Fd late_;
};

TEST_P(LoadConformance, a_file_that_is_shorter_than_the_buffer_is_loaded_whole) {
  write_file(at_home("file"), pattern(5000));
  Load& loading = load(home_, "file", 8192);
  ASSERT_TRUE(finish(loading));
  ASSERT_EQ(loading.result, 5000);
  EXPECT_TRUE(text(loading) == pattern(5000));
}

TEST_P(LoadConformance, of_a_longer_file_there_is_as_much_as_there_is_room_for) {
  write_file(at_home("file"), pattern(5000));
  Load& full = load(home_, "file", 4000);
  Load& exact = load(home_, "file", 5000);
  Load& none = load(home_, "file", 0);
  ASSERT_TRUE(finish(full, exact, none));
  EXPECT_TRUE(text(full) == pattern(5000).substr(0, 4000));
  EXPECT_TRUE(text(exact) == pattern(5000));
  EXPECT_EQ(none.result, 0);
}

TEST_P(LoadConformance, an_empty_file_has_no_bytes) {
  write_file(at_home("empty"), "");
  Load& loading = load(home_, "empty", 100);
  ASSERT_TRUE(finish(loading));
  EXPECT_EQ(loading.result, 0);
}

TEST_P(LoadConformance, a_path_starts_at_its_folder_or_at_the_directory_of_the_process) {
  write_file(at_home("own"), "of home");
  write_file(folder_.file("other"), "of its parent");
  Load& own = load(home_, "own", 100);
  Load& other = load(home_, "../other", 100);
  Load& absolute = load(nullptr, at_home("own"), 100);
  ASSERT_TRUE(finish(own, other, absolute));
  EXPECT_EQ(text(own), "of home");
  EXPECT_EQ(text(other), "of its parent");
  EXPECT_EQ(text(absolute), "of home");
}

TEST_P(LoadConformance, what_cannot_be_opened_or_read_says_why) {
  EXPECT_EQ(load_refused("missing"), -ENOENT);
  EXPECT_EQ(load_refused("."), -EISDIR);
  EXPECT_EQ(load_refused(""), -ENOENT);
  EXPECT_EQ(load_refused(std::string(5000, 'p')), -ENAMETOOLONG);
  write_file(at_home("file"), "x");
  EXPECT_EQ(load_refused("file/below"), -ENOTDIR);
}

TEST_P(LoadConformance, memory_that_is_not_there_is_told) {
  write_file(at_home("file"), "x");
  Load& loading = load(home_, "file", 100);
  std::byte* const there = std::exchange(loading.data, nullptr);
  ASSERT_TRUE(finish(loading));
  loading.data = there;
  EXPECT_EQ(loading.result, -EFAULT);
}

TEST_P(LoadConformance, a_confined_load_does_not_leave) {
  write_file(folder_.file("secret"), "x");
  write_file(at_home("own"), "own");
  ASSERT_EQ(::symlink("../secret", at_home("out").c_str()), 0);
  EXPECT_EQ(load_refused("../secret", kBeneath), -EXDEV);
  EXPECT_EQ(load_refused("out", kBeneath), -EXDEV);
  Load& beneath = load(home_, "own", 100, kBeneath);
  Load& in_root = load(home_, "/../own", 100, kInRoot);
  ASSERT_TRUE(finish(beneath, in_root));
  EXPECT_EQ(text(beneath), "own");
  EXPECT_EQ(text(in_root), "own");
}

TEST_P(LoadConformance, what_has_no_length_is_read_once) {
  Load& loading = load(nullptr, "/proc/self/stat", 100);
  Load& zeros = load(nullptr, "/dev/zero", 100);
  ASSERT_TRUE(finish(loading, zeros));
  EXPECT_GT(loading.result, 0);
  EXPECT_TRUE(text(zeros) == std::string(100, '\0'));
}

/// More than the table of a ring has places, and than its queue has entries.
TEST_P(LoadConformance, many_at_once_are_each_their_own_and_leave_nothing_open) {
  constexpr std::size_t kLoads = 1500;
  constexpr std::size_t kFiles = 7;
  for (std::size_t i = 0; i < kFiles; ++i) {
    write_file(at_home(std::to_string(i)), pattern(1000 + i));
  }
  const std::size_t open_before = leaks::open_fds();
  std::vector<Load*> loads;
  std::vector<const Operation*> all;
  for (std::size_t i = 0; i < kLoads; ++i) {
    loads.push_back(&load(home_, i % 11 == 0 ? "missing" : std::to_string(i % kFiles), 2000));
    all.push_back(loads.back());
  }
  ASSERT_TRUE(finish_all(all));
  for (std::size_t i = 0; i < kLoads; ++i) {
    if (i % 11 == 0) {
      EXPECT_EQ(loads[i]->result, -ENOENT);
    } else {
      ASSERT_TRUE(text(*loads[i]) == pattern(1000 + i % kFiles)) << i;
    }
  }
  // Those that the driver has of its own are there since its first file.
  Load& again = load(home_, "0", 2000);
  ASSERT_TRUE(finish(again));
  EXPECT_LE(leaks::open_fds(), open_before + 1);
}

TEST_P(LoadConformance, one_that_waits_for_the_other_end_of_a_pipe_gets_what_that_writes) {
  Load& loading = load(home_, named_pipe(), 100);
  settle();
  if (!is_back(loading)) feed();
  ASSERT_TRUE(finish(loading));
  EXPECT_EQ(text(loading), "late");
}

TEST_P(LoadConformance, one_that_waits_for_the_other_end_of_a_pipe_is_cancelled) {
  Load& loading = load(home_, named_pipe(), 100);
  settle();
  cancel(loading);
  settle();
  if (!is_back(loading)) feed();
  ASSERT_TRUE(finish(loading));
  expect_stopped(loading);
}

TEST_P(LoadConformance, one_that_waits_for_bytes_of_a_pipe_is_cancelled) {
  const std::string name = named_pipe();
  open_other_end();
  Load& loading = load(home_, name, 100);
  settle();
  cancel(loading);
  settle();
  if (!is_back(loading)) feed();
  ASSERT_TRUE(finish(loading));
  expect_stopped(loading);
}

/// Some of them are waiting yet, for room in a queue or for a thread.
TEST_P(LoadConformance, of_many_that_are_cancelled_each_is_whole_or_was_not_read) {
  write_file(at_home("file"), "whole");
  std::vector<Load*> loads;
  std::vector<const Operation*> all;
  for (int i = 0; i < 1000; ++i) {
    loads.push_back(&load(home_, "file", 100));
    all.push_back(loads.back());
  }
  turn_now();
  for (Load* each : loads) {
    if (!is_back(*each)) cancel(*each);
  }
  ASSERT_TRUE(finish_all(all));
  for (const Load* each : loads) {
    if (each->result != -ECANCELED) {
      EXPECT_EQ(text(*each), "whole");
    }
  }
}

TEST_P(LoadConformance, the_close_of_its_folder_ends_it_first) {
  Descriptor& other = folder(at_home(""));
  Load& loading = load(&other, named_pipe(), 100);
  settle();
  Operation& closing = start_close(other);
  settle();
  if (!is_back(loading)) feed();
  ASSERT_TRUE(finish(loading, closing));
  EXPECT_EQ(closing.result, 0);
  expect_stopped(loading);
  EXPECT_LT(order_of(loading), order_of(closing));
}

INSTANTIATE_TEST_SUITE_P(Drivers, LoadConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance
