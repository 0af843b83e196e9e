// Directories, parts of files, watches, and what ends early.
#include "conformance/denied_here.hpp"
#include "conformance/path_conformance.hpp"

#include <dirent.h>
#include <sys/inotify.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

namespace rota::conformance {
namespace {

class DirectoryConformance : public PathConformance {};

std::set<std::string> names_in(const Transfer& listing) {
  std::set<std::string> names;
  const auto* at = reinterpret_cast<const char*>(listing.data);
  for (std::int32_t done = 0; done < listing.result;) {
    dirent64 entry{};
    std::memcpy(&entry, at + done, offsetof(dirent64, d_name));
    names.insert(at + done + offsetof(dirent64, d_name));
    done += entry.d_reclen;
  }
  return names;
}

TEST_P(DirectoryConformance, a_directory_is_read_to_its_end) {
  std::set<std::string> made{".", ".."};
  for (int i = 0; i < 100; ++i) {
    made.insert("entry-" + std::to_string(i));
    write_file(at_home("entry-" + std::to_string(i)), "");
  }
  Descriptor& listed = folder(folder_.file("home"));
  std::set<std::string> seen;
  for (;;) {
    Transfer& listing = read_directory(listed, 1024);
    ASSERT_TRUE(finish(listing));
    ASSERT_GE(listing.result, 0) << std::strerror(-listing.result);
    if (listing.result == 0) break;
    for (const std::string& name : names_in(listing)) EXPECT_TRUE(seen.insert(name).second) << name;
  }
  EXPECT_EQ(seen, made);
  write_file(at_home("file"), "x");
  Descriptor& file = opened("file", O_RDONLY);
  Transfer& wrong = read_directory(file, 1024);
  Transfer& small = read_directory(folder(folder_.file("home")), 8);
  ASSERT_TRUE(finish(wrong, small));
  EXPECT_EQ(wrong.result, -ENOTDIR);
  EXPECT_EQ(small.result, -EINVAL);
}

TEST_P(DirectoryConformance, room_is_allocated_and_advice_is_taken) {
  Descriptor& file = opened("file", O_RDWR | O_CREAT);
  FileRange& allocating = range(OpCode::allocate, file, 0, 0, 1 << 20);
  ASSERT_TRUE(finish(allocating));
  if (allocating.result == -EOPNOTSUPP) GTEST_SKIP() << "this file system allocates nothing";
  EXPECT_EQ(allocating.result, 0) << std::strerror(-allocating.result);
  EXPECT_EQ(std::filesystem::file_size(at_home("file")), 1u << 20);
  FileRange& advice = range(OpCode::advise, file, POSIX_FADV_WILLNEED, 0, 0);
  FileRange& far = range(OpCode::advise, file, POSIX_FADV_DONTNEED, 0, 5ULL << 30);
  FileRange& unknown = range(OpCode::advise, file, 77, 0, 0);
  FileRange& nothing = range(OpCode::allocate, file, 0, 0, 0);
  ASSERT_TRUE(finish(advice, far, unknown, nothing));
  EXPECT_EQ(advice.result, 0);
  EXPECT_EQ(far.result, 0);
  EXPECT_EQ(unknown.result, -EINVAL);
  EXPECT_EQ(nothing.result, -EINVAL);
  FdPair pair = pipe_pair();
  Descriptor& pipe = adopt(std::move(pair.near), FdKind::file);
  FileRange& on_pipe = range(OpCode::advise, pipe, POSIX_FADV_WILLNEED, 0, 0);
  ASSERT_TRUE(finish(on_pipe));
  EXPECT_EQ(on_pipe.result, -ESPIPE);
}

TEST_P(DirectoryConformance, a_lock_that_somebody_has_is_an_answer) {
  Descriptor& one = opened("file", O_RDWR | O_CREAT);
  Descriptor& other = opened("file", O_RDWR);
  FileRange& first = range(OpCode::lock, one, F_WRLCK, 0, 10);
  ASSERT_TRUE(finish(first));
  EXPECT_EQ(first.result, 0);
  FileRange& across = range(OpCode::lock, other, F_RDLCK, 5, 10);
  FileRange& beside = range(OpCode::lock, other, F_RDLCK, 10, 0);
  ASSERT_TRUE(finish(across, beside));
  EXPECT_EQ(across.result, kLockTaken);
  EXPECT_EQ(beside.result, 0);
  FileRange& back = range(OpCode::lock, one, F_UNLCK, 0, 0);
  ASSERT_TRUE(finish(back));
  FileRange& again = range(OpCode::lock, other, F_WRLCK, 0, 10);
  Descriptor& reader = opened("file", O_RDONLY);
  ASSERT_TRUE(finish(again));
  EXPECT_EQ(again.result, 0);
  FileRange& unfit = range(OpCode::lock, reader, F_WRLCK, 0, 10);
  ASSERT_TRUE(finish(unfit));
  EXPECT_EQ(unfit.result, -EBADF);
}

TEST_P(DirectoryConformance, what_a_file_engine_has_done_is_news) {
  Descriptor& file = opened("file", O_RDWR | O_CREAT);
  for (int i = 0; i < 500; ++i) {
    FileRange& locking = range(OpCode::lock, file, i % 2 == 0 ? F_WRLCK : F_UNLCK, 0, 10);
    // It is done before, in or after one of these.
    for (int turns = 0; turns <= i % 16; ++turns) turn_now();
    // As a worker does that spins: it turns the driver only for news.
    while (!is_back(locking)) {
      while (driver().news() == Driver::News::none) std::this_thread::yield();
      turn_now();
    }
    ASSERT_EQ(locking.result, 0);
  }
}

TEST_P(DirectoryConformance, a_watch_is_placed_by_path_and_its_events_are_read) {
  Fd watching(::inotify_init1(IN_CLOEXEC));
  if (watching.number() < 0) end_case_if_denied("inotify_init1");
  Descriptor& watch = adopt(std::move(watching), FdKind::stream);
  PathChange& placing = change(
      &watch, {.action = PathAction::watch, .path = at_home(""), .number = IN_CREATE | IN_DELETE});
  PathChange& missing = change(
      &watch, {.action = PathAction::watch, .path = at_home("missing"), .number = IN_CREATE});
  Transfer& events = read(watch, 4096);
  ASSERT_TRUE(finish(placing, missing));
  EXPECT_EQ(missing.result, -ENOENT);
  ASSERT_GE(placing.result, 0) << std::strerror(-placing.result);
  settle();
  EXPECT_FALSE(is_back(events));
  write_file(at_home("new"), "");
  ASSERT_TRUE(finish(events));
  inotify_event seen{};
  ASSERT_GE(events.result, static_cast<std::int32_t>(sizeof seen));
  std::memcpy(&seen, events.data, sizeof seen);
  EXPECT_EQ(seen.wd, placing.result);
  EXPECT_EQ(seen.mask, unsigned{IN_CREATE});
  EXPECT_STREQ(reinterpret_cast<const char*>(events.data) + sizeof seen, "new");
}

TEST_P(DirectoryConformance, what_is_cancelled_was_done_or_was_not) {
  for (int i = 0; i < 20; ++i) {
    const std::string name = "made-" + std::to_string(i);
    const std::uint64_t resolve = i % 2 == 0 ? 0 : kBeneath;
    PathChange& making = change(
        home_,
        {.action = PathAction::make_directory, .path = name, .number = 0700, .resolve = resolve});
    turn_now();
    cancel(making);
    ASSERT_TRUE(finish(making));
    if (making.result == -ECANCELED) {
      EXPECT_FALSE(exists(at_home(name)));
    } else {
      EXPECT_EQ(making.result, 0) << std::strerror(-making.result);
      EXPECT_TRUE(exists(at_home(name)));
    }
  }
}

TEST_P(DirectoryConformance, a_folder_that_is_closed_ends_what_starts_there) {
  write_file(at_home("file"), "x");
  std::vector<const Operation*> all;
  std::vector<Open*> opens;
  Descriptor& closing = folder(folder_.file("home"));
  for (int i = 0; i < 20; ++i) {
    opens.push_back(&open_from(&closing, "file", O_RDONLY));
    all.push_back(opens.back());
    all.push_back(&change(&closing, {.action = PathAction::make_directory,
                                     .path = "made-" + std::to_string(i),
                                     .number = 0700}));
    all.push_back(&read_directory(closing, 1024));
  }
  all.push_back(&start_close(closing));
  ASSERT_TRUE(finish_all(all));
  for (const Operation* each : all) {
    EXPECT_TRUE(each->result >= 0 || each->result == -ECANCELED || each->result == -EBADF)
        << std::strerror(-each->result);
  }
  for (const Open* each : opens) {
    if (each->result >= 0) ::close(each->result);
  }
  release(closing);
}

INSTANTIATE_TEST_SUITE_P(Drivers, DirectoryConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance
