// What names a file by a path, directories, and what is done to a part of a file.
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

namespace rota::conformance {
namespace {

constexpr std::uint64_t kBeneath = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

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

mode_t mode_of(const std::string& path) {
  struct stat about {};
  EXPECT_EQ(::lstat(path.c_str(), &about), 0) << path;
  return about.st_mode & 07777;
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0;
}

/// Cases with a folder that is open, `home`, in a folder that is not to be reached from it.
class PathConformance : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    if (!has_driver()) return;
    ASSERT_EQ(::mkdir(folder_.file("home").c_str(), 0755), 0);
    home_ = &folder(folder_.file("home"));
  }
  Descriptor& folder(const std::string& path) {
    Open& opening = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    EXPECT_TRUE(finish(opening));
    EXPECT_GE(opening.result, 0) << std::strerror(-opening.result);
    return adopt(Fd(opening.result), FdKind::file);
  }
  Descriptor& opened(const std::string& name, int flags, std::uint32_t mode = 0600) {
    Open& opening = open_from(home_, name, flags, mode);
    EXPECT_TRUE(finish(opening));
    EXPECT_GE(opening.result, 0) << std::strerror(-opening.result);
    return adopt(Fd(opening.result), FdKind::file);
  }
  /// The result of an open that is not to succeed; what it opens all the same is closed.
  std::int32_t refused(const std::string& path, std::uint64_t resolve) {
    Open& opening = open_from(home_, path, O_RDONLY, 0, resolve);
    EXPECT_TRUE(finish(opening));
    if (opening.result >= 0) ::close(opening.result);
    return opening.result;
  }
  std::int32_t changed(const PathWish& wish) {
    PathChange& changing = change(home_, wish);
    EXPECT_TRUE(finish(changing));
    return changing.result;
  }
  [[nodiscard]] std::string at_home(const std::string& name) const {
    return folder_.file("home/" + name);
  }

  TemporaryFolder folder_;
  Descriptor* home_ = nullptr;
};

TEST_P(PathConformance, a_path_is_opened_from_its_folder_on) {
  write_file(at_home("there"), "from home");
  Descriptor& file = opened("there", O_RDONLY);
  Transfer& reading = read_at(file, 100, 0);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "from home");
  EXPECT_TRUE(is_close_on_exec(file.fd));
  EXPECT_EQ(refused("../home/missing", 0), -ENOENT);
}

TEST_P(PathConformance, a_confined_open_does_not_leave) {
  write_file(folder_.file("secret"), "x");
  write_file(at_home("own"), "own");
  ASSERT_EQ(::symlink("../secret", at_home("out").c_str()), 0);
  ASSERT_EQ(::symlink("/etc/passwd", at_home("absolute").c_str()), 0);
  ASSERT_EQ(::symlink("own", at_home("inner").c_str()), 0);
  EXPECT_EQ(refused("../secret", kBeneath), -EXDEV);
  EXPECT_EQ(refused("out", kBeneath), -EXDEV);
  EXPECT_EQ(refused("absolute", kBeneath), -EXDEV);
  EXPECT_EQ(refused("/etc/passwd", kBeneath), -EXDEV);
  EXPECT_EQ(refused("../secret", kInRoot), -ENOENT);
  EXPECT_EQ(refused("/etc/passwd", kInRoot), -ENOENT);
  Open& inner = open_from(home_, "inner", O_RDONLY, 0, kBeneath);
  Open& rooted = open_from(home_, "/../own", O_RDONLY, 0, kInRoot);
  Open& made = open_from(home_, "made", O_RDWR | O_CREAT, 0600, kBeneath);
  ASSERT_TRUE(finish(inner, rooted, made));
  for (const Open* each : {&inner, &rooted, &made}) {
    ASSERT_GE(each->result, 0) << std::strerror(-each->result);
    EXPECT_TRUE(is_close_on_exec(each->result));
    ::close(each->result);
  }
}

TEST_P(PathConformance, links_that_go_round_are_reported) {
  ASSERT_EQ(::symlink("b", at_home("a").c_str()), 0);
  ASSERT_EQ(::symlink("a", at_home("b").c_str()), 0);
  struct statx seen {};
  Stat& plain = stat_from(home_, "a", seen);
  Stat& confined = stat_from(home_, "a", seen, kBeneath);
  ASSERT_TRUE(finish(plain, confined));
  EXPECT_EQ(plain.result, -ELOOP);
  EXPECT_EQ(confined.result, -ELOOP);
  EXPECT_EQ(refused("a", 0), -ELOOP);
}

TEST_P(PathConformance, a_directory_is_made_and_removed) {
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    EXPECT_EQ(changed({.action = PathAction::make_directory, .path = "new", .number = 0700,
                       .resolve = resolve}), 0);
    EXPECT_EQ(mode_of(at_home("new")), 0700u);
    EXPECT_EQ(changed({.action = PathAction::make_directory, .path = "new", .number = 0700,
                       .resolve = resolve}), -EEXIST);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "new", .resolve = resolve}), -EISDIR);
    write_file(at_home("new/file"), "x");
    EXPECT_EQ(changed({.action = PathAction::remove_directory, .path = "new/",
                       .resolve = resolve}), -ENOTEMPTY);
    EXPECT_EQ(changed({.action = PathAction::remove_directory, .path = "new/file",
                       .resolve = resolve}), -ENOTDIR);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "new/file", .resolve = resolve}), 0);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "new/file", .resolve = resolve}),
              -ENOENT);
    EXPECT_EQ(changed({.action = PathAction::remove_directory, .path = "new",
                       .resolve = resolve}), 0);
    EXPECT_FALSE(exists(at_home("new")));
  }
}

TEST_P(PathConformance, names_that_are_too_long_or_empty_are_refused) {
  const std::string long_name(300, 'n');
  const std::string long_path(5000, 'p');
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    for (const std::string& path : {long_name, long_path}) {
      EXPECT_EQ(changed({.action = PathAction::make_directory, .path = path, .number = 0700,
                         .resolve = resolve}), -ENAMETOOLONG);
      EXPECT_EQ(refused(path, resolve), -ENAMETOOLONG);
    }
    EXPECT_EQ(changed({.action = PathAction::make_directory, .path = "", .number = 0700,
                       .resolve = resolve}), -ENOENT);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "", .resolve = resolve}), -ENOENT);
  }
}

TEST_P(PathConformance, what_is_renamed_replaces_what_is_there_unless_it_must_not) {
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    write_file(at_home("from"), "new");
    write_file(at_home("to"), "old");
    PathWish wish{.action = PathAction::rename, .path = "from", .other = "to", .to = home_,
                  .number = RENAME_NOREPLACE, .resolve = resolve};
    EXPECT_EQ(changed(wish), -EEXIST);
    wish.number = RENAME_EXCHANGE;
    EXPECT_EQ(changed(wish), 0);
    EXPECT_EQ(contents_of(at_home("from")), "old");
    wish.number = 0;
    EXPECT_EQ(changed(wish), 0);
    EXPECT_EQ(contents_of(at_home("to")), "old");
    EXPECT_FALSE(exists(at_home("from")));
    EXPECT_EQ(changed(wish), -ENOENT);
  }
}

TEST_P(PathConformance, a_rename_goes_from_folder_to_folder_but_not_between_file_systems) {
  ASSERT_EQ(::mkdir(folder_.file("other").c_str(), 0700), 0);
  Descriptor& other = folder(folder_.file("other"));
  write_file(at_home("file"), "moved");
  EXPECT_EQ(changed({.action = PathAction::rename, .path = "file", .other = "there", .to = &other}),
            0);
  EXPECT_EQ(contents_of(folder_.file("other/there")), "moved");
  struct stat here {};
  struct stat shared {};
  if (::stat(at_home("").c_str(), &here) != 0 || ::stat("/dev/shm", &shared) != 0) return;
  if (here.st_dev == shared.st_dev) return;
  write_file(at_home("stays"), "here");
  EXPECT_EQ(changed({.action = PathAction::rename, .path = "stays",
                     .other = "/dev/shm/rota-conformance-rename"}), -EXDEV);
  EXPECT_EQ(contents_of(at_home("stays")), "here");
}

TEST_P(PathConformance, a_confined_change_does_not_leave) {
  write_file(folder_.file("secret"), "kept");
  ASSERT_EQ(::mkdir(folder_.file("outside").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("../outside", at_home("out").c_str()), 0);
  write_file(at_home("own"), "own");
  timespec times[2]{{1, 0}, {2, 0}};
  std::array<char, 64> memory{};
  const PathWish wishes[] = {
      {.action = PathAction::make_directory, .path = "out/new", .number = 0700},
      {.action = PathAction::make_directory, .path = "../new", .number = 0700},
      {.action = PathAction::make_directory, .path = "/tmp/rota-new", .number = 0700},
      {.action = PathAction::remove, .path = "../secret"},
      {.action = PathAction::remove_directory, .path = "../outside"},
      {.action = PathAction::rename, .path = "own", .other = "out/own", .to = home_},
      {.action = PathAction::rename, .path = "../secret", .other = "mine", .to = home_},
      {.action = PathAction::link, .path = "../secret", .other = "mine", .to = home_},
      {.action = PathAction::symlink, .path = "out/link", .other = "x"},
      {.action = PathAction::change_mode, .path = "out", .number = 0700},
      {.action = PathAction::change_mode, .path = "../secret", .number = 0},
      {.action = PathAction::change_times, .path = "../secret", .memory = times},
      {.action = PathAction::read_link, .path = "../home/out", .number = 64,
       .memory = memory.data()},
  };
  for (PathWish wish : wishes) {
    wish.resolve = kBeneath;
    EXPECT_EQ(changed(wish), -EXDEV) << static_cast<int>(wish.action) << ' ' << wish.path;
  }
  struct statx seen {};
  Stat& asking = stat_from(home_, "out", seen, kBeneath);
  ASSERT_TRUE(finish(asking));
  EXPECT_EQ(asking.result, -EXDEV);
  EXPECT_EQ(contents_of(folder_.file("secret")), "kept");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.file("outside")));
  EXPECT_EQ(mode_of(folder_.file("outside")), 0755u);
}

TEST_P(PathConformance, the_name_of_the_parent_is_no_way_out) {
  for (const std::string path : {"..", "../", "."}) {
    EXPECT_EQ(changed({.action = PathAction::make_directory, .path = path, .number = 0700,
                       .resolve = kBeneath}), -EEXIST) << path;
    EXPECT_LT(changed({.action = PathAction::remove_directory, .path = path,
                       .resolve = kBeneath}), 0) << path;
    EXPECT_LT(changed({.action = PathAction::rename, .path = path, .other = "x", .to = home_,
                       .resolve = kBeneath}), 0) << path;
    EXPECT_LT(changed({.action = PathAction::link, .path = path, .other = "x", .to = home_,
                       .resolve = kBeneath}), 0) << path;
  }
  EXPECT_TRUE(exists(at_home("")));
}

TEST_P(PathConformance, links_are_made_and_read) {
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    write_file(at_home("file"), "shared");
    EXPECT_EQ(changed({.action = PathAction::link, .path = "file", .other = "hard", .to = home_,
                       .resolve = resolve}), 0);
    EXPECT_EQ(changed({.action = PathAction::link, .path = "file", .other = "hard", .to = home_,
                       .resolve = resolve}), -EEXIST);
    EXPECT_EQ(changed({.action = PathAction::symlink, .path = "soft", .other = "../anywhere",
                       .resolve = resolve}), 0);
    std::array<char, 64> memory{};
    EXPECT_EQ(changed({.action = PathAction::read_link, .path = "soft", .number = memory.size(),
                       .resolve = resolve, .memory = memory.data()}), 11);
    EXPECT_STREQ(memory.data(), "../anywhere");
    EXPECT_EQ(changed({.action = PathAction::read_link, .path = "file", .number = memory.size(),
                       .resolve = resolve, .memory = memory.data()}), -EINVAL);
    struct statx seen {};
    Stat& linked = stat_from(home_, "hard", seen, resolve);
    ASSERT_TRUE(finish(linked));
    EXPECT_EQ(seen.stx_nlink, 2u);
    Stat& itself = stat_from(home_, "soft", seen, resolve, false);
    ASSERT_TRUE(finish(itself));
    ASSERT_EQ(itself.result, 0);
    EXPECT_TRUE(S_ISLNK(seen.stx_mode));
    for (const std::string name : {"file", "hard", "soft"}) {
      EXPECT_EQ(changed({.action = PathAction::remove, .path = name, .resolve = resolve}), 0);
    }
  }
}

TEST_P(PathConformance, an_open_file_without_a_name_is_given_one) {
  Open& opening = open_from(home_, ".", O_RDWR | O_TMPFILE, 0600);
  ASSERT_TRUE(finish(opening));
  if (opening.result == -EOPNOTSUPP) GTEST_SKIP() << "this file system has no O_TMPFILE";
  ASSERT_GE(opening.result, 0) << std::strerror(-opening.result);
  Descriptor& nameless = adopt(Fd(opening.result), FdKind::file);
  Transfer& writing = write_at(nameless, "named at last", 0);
  ASSERT_TRUE(finish(writing));
  PathChange& confined = change(&nameless, {.action = PathAction::link, .other = "../out",
                                            .to = home_, .resolve = kBeneath});
  PathChange& naming =
      change(&nameless, {.action = PathAction::link, .other = "name", .to = home_});
  ASSERT_TRUE(finish(confined, naming));
  EXPECT_EQ(confined.result, -EXDEV);
  EXPECT_EQ(naming.result, 0) << std::strerror(-naming.result);
  EXPECT_EQ(contents_of(at_home("name")), "named at last");
}

TEST_P(PathConformance, modes_and_times_are_changed_by_path_and_by_file) {
  write_file(at_home("file"), "x");
  Descriptor& file = opened("file", O_RDONLY);
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    EXPECT_EQ(changed({.action = PathAction::change_mode, .path = "file", .number = 0640,
                       .resolve = resolve}), 0);
    EXPECT_EQ(mode_of(at_home("file")), 0640u);
    timespec times[2]{{1000, 5}, {2000, 7}};
    EXPECT_EQ(changed({.action = PathAction::change_times, .path = "file", .resolve = resolve,
                       .memory = times}), 0);
    EXPECT_EQ(changed({.action = PathAction::change_owner, .path = "file",
                       .number = ~std::uint64_t{0}, .resolve = resolve}), 0);
    struct stat about {};
    ASSERT_EQ(::stat(at_home("file").c_str(), &about), 0);
    EXPECT_EQ(about.st_atim.tv_sec, 1000);
    EXPECT_EQ(about.st_mtim.tv_nsec, 7);
    EXPECT_EQ(changed({.action = PathAction::change_mode, .path = "missing", .number = 0640,
                       .resolve = resolve}), -ENOENT);
    timespec kept[2]{{0, UTIME_OMIT}, {3000, 9}};
    PathChange& mode = change(&file, {.action = PathAction::change_mode, .number = 0600});
    PathChange& set = change(&file, {.action = PathAction::change_times, .memory = kept});
    ASSERT_TRUE(finish(mode, set));
    EXPECT_EQ(mode.result, 0);
    EXPECT_EQ(set.result, 0);
    ASSERT_EQ(::stat(at_home("file").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0600u);
    EXPECT_EQ(about.st_atim.tv_sec, 1000);
    EXPECT_EQ(about.st_mtim.tv_sec, 3000);
  }
}

TEST_P(PathConformance, a_directory_is_read_to_its_end) {
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

TEST_P(PathConformance, room_is_allocated_and_advice_is_taken) {
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

TEST_P(PathConformance, a_lock_that_somebody_has_is_an_answer) {
  Descriptor& one = opened("file", O_RDWR | O_CREAT);
  Descriptor& other = opened("file", O_RDWR);
  FileRange& first = range(OpCode::lock, one, F_WRLCK, 0, 10);
  ASSERT_TRUE(finish(first));
  EXPECT_EQ(first.result, 0);
  FileRange& across = range(OpCode::lock, other, F_RDLCK, 5, 10);
  FileRange& beside = range(OpCode::lock, other, F_RDLCK, 10, 0);
  ASSERT_TRUE(finish(across, beside));
  EXPECT_EQ(across.result, -EAGAIN);
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

TEST_P(PathConformance, a_watch_is_placed_by_path_and_its_events_are_read) {
  Descriptor& watch = adopt(Fd(::inotify_init1(IN_CLOEXEC)), FdKind::stream);
  PathChange& placing = change(&watch, {.action = PathAction::watch, .path = at_home(""),
                                        .number = IN_CREATE | IN_DELETE});
  PathChange& missing = change(&watch, {.action = PathAction::watch, .path = at_home("missing"),
                                        .number = IN_CREATE});
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

TEST_P(PathConformance, what_is_cancelled_was_done_or_was_not) {
  for (int i = 0; i < 20; ++i) {
    const std::string name = "made-" + std::to_string(i);
    const std::uint64_t resolve = i % 2 == 0 ? 0 : kBeneath;
    PathChange& making = change(home_, {.action = PathAction::make_directory, .path = name,
                                        .number = 0700, .resolve = resolve});
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

TEST_P(PathConformance, a_folder_that_is_closed_ends_what_starts_there) {
  write_file(at_home("file"), "x");
  std::vector<const Operation*> all;
  std::vector<Open*> opens;
  Descriptor& closing = folder(folder_.file("home"));
  for (int i = 0; i < 20; ++i) {
    opens.push_back(&open_from(&closing, "file", O_RDONLY));
    all.push_back(opens.back());
    all.push_back(&change(&closing, {.action = PathAction::make_directory,
                                     .path = "made-" + std::to_string(i), .number = 0700}));
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

INSTANTIATE_TEST_SUITE_P(Drivers, PathConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance
