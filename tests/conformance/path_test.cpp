// What names a file by a path.
#include "conformance/path_conformance.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace rota::conformance {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat about{};
  EXPECT_EQ(::lstat(path.c_str(), &about), 0) << path;
  return about.st_mode & 07777;
}

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
  struct statx seen{};
  Stat& plain = stat_from(home_, "a", seen);
  Stat& confined = stat_from(home_, "a", seen, kBeneath);
  ASSERT_TRUE(finish(plain, confined));
  EXPECT_EQ(plain.result, -ELOOP);
  EXPECT_EQ(confined.result, -ELOOP);
  EXPECT_EQ(refused("a", 0), -ELOOP);
}

TEST_P(PathConformance, a_directory_is_made_and_removed) {
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    EXPECT_EQ(changed({.action = PathAction::make_directory,
                       .path = "new",
                       .number = 0700,
                       .resolve = resolve}),
              0);
    EXPECT_EQ(mode_of(at_home("new")), 0700u);
    EXPECT_EQ(changed({.action = PathAction::make_directory,
                       .path = "new",
                       .number = 0700,
                       .resolve = resolve}),
              -EEXIST);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "new", .resolve = resolve}), -EISDIR);
    write_file(at_home("new/file"), "x");
    EXPECT_EQ(changed({.action = PathAction::remove_directory, .path = "new/", .resolve = resolve}),
              -ENOTEMPTY);
    EXPECT_EQ(
        changed({.action = PathAction::remove_directory, .path = "new/file", .resolve = resolve}),
        -ENOTDIR);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "new/file", .resolve = resolve}), 0);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "new/file", .resolve = resolve}),
              -ENOENT);
    EXPECT_EQ(changed({.action = PathAction::remove_directory, .path = "new", .resolve = resolve}),
              0);
    EXPECT_FALSE(exists(at_home("new")));
  }
}

TEST_P(PathConformance, names_that_are_too_long_or_empty_are_refused) {
  const std::string long_name(300, 'n');
  const std::string long_path(5000, 'p');
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    for (const std::string& path : {long_name, long_path}) {
      EXPECT_EQ(changed({.action = PathAction::make_directory,
                         .path = path,
                         .number = 0700,
                         .resolve = resolve}),
                -ENAMETOOLONG);
      EXPECT_EQ(refused(path, resolve), -ENAMETOOLONG);
    }
    EXPECT_EQ(
        changed(
            {.action = PathAction::make_directory, .path = "", .number = 0700, .resolve = resolve}),
        -ENOENT);
    EXPECT_EQ(changed({.action = PathAction::remove, .path = "", .resolve = resolve}), -ENOENT);
  }
}

TEST_P(PathConformance, what_is_renamed_replaces_what_is_there_unless_it_must_not) {
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    write_file(at_home("from"), "new");
    write_file(at_home("to"), "old");
    PathWish wish{.action = PathAction::rename,
                  .path = "from",
                  .other = "to",
                  .to = home_,
                  .number = RENAME_NOREPLACE,
                  .resolve = resolve};
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
  struct stat here{};
  struct stat shared{};
  if (::stat(at_home("").c_str(), &here) != 0 || ::stat("/dev/shm", &shared) != 0) return;
  if (here.st_dev == shared.st_dev) return;
  write_file(at_home("stays"), "here");
  EXPECT_EQ(changed({.action = PathAction::rename,
                     .path = "stays",
                     .other = "/dev/shm/rota-conformance-rename"}),
            -EXDEV);
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
      {.action = PathAction::read_link,
       .path = "../home/out",
       .number = 64,
       .memory = memory.data()},
  };
  for (PathWish wish : wishes) {
    wish.resolve = kBeneath;
    EXPECT_EQ(changed(wish), -EXDEV) << static_cast<int>(wish.action) << ' ' << wish.path;
  }
  struct statx seen{};
  Stat& asking = stat_from(home_, "out", seen, kBeneath);
  ASSERT_TRUE(finish(asking));
  EXPECT_EQ(asking.result, -EXDEV);
  EXPECT_EQ(contents_of(folder_.file("secret")), "kept");
  EXPECT_TRUE(std::filesystem::is_empty(folder_.file("outside")));
  EXPECT_EQ(mode_of(folder_.file("outside")), 0755u);
}

TEST_P(PathConformance, the_name_of_the_parent_is_no_way_out) {
  for (const std::string path : {"..", "../", "."}) {
    EXPECT_EQ(changed({.action = PathAction::make_directory,
                       .path = path,
                       .number = 0700,
                       .resolve = kBeneath}),
              -EEXIST)
        << path;
    EXPECT_LT(changed({.action = PathAction::remove_directory, .path = path, .resolve = kBeneath}),
              0)
        << path;
    EXPECT_LT(changed({.action = PathAction::rename,
                       .path = path,
                       .other = "x",
                       .to = home_,
                       .resolve = kBeneath}),
              0)
        << path;
    EXPECT_LT(changed({.action = PathAction::link,
                       .path = path,
                       .other = "x",
                       .to = home_,
                       .resolve = kBeneath}),
              0)
        << path;
  }
  EXPECT_TRUE(exists(at_home("")));
}

TEST_P(PathConformance, links_are_made_and_read) {
  for (const std::uint64_t resolve : {std::uint64_t{0}, kBeneath}) {
    write_file(at_home("file"), "shared");
    EXPECT_EQ(changed({.action = PathAction::link,
                       .path = "file",
                       .other = "hard",
                       .to = home_,
                       .resolve = resolve}),
              0);
    EXPECT_EQ(changed({.action = PathAction::link,
                       .path = "file",
                       .other = "hard",
                       .to = home_,
                       .resolve = resolve}),
              -EEXIST);
    EXPECT_EQ(changed({.action = PathAction::symlink,
                       .path = "soft",
                       .other = "../anywhere",
                       .resolve = resolve}),
              0);
    std::array<char, 64> memory{};
    EXPECT_EQ(changed({.action = PathAction::read_link,
                       .path = "soft",
                       .number = memory.size(),
                       .resolve = resolve,
                       .memory = memory.data()}),
              11);
    EXPECT_STREQ(memory.data(), "../anywhere");
    EXPECT_EQ(changed({.action = PathAction::read_link,
                       .path = "file",
                       .number = memory.size(),
                       .resolve = resolve,
                       .memory = memory.data()}),
              -EINVAL);
    struct statx seen{};
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
  PathChange& confined = change(
      &nameless, {.action = PathAction::link, .other = "../out", .to = home_, .resolve = kBeneath});
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
    EXPECT_EQ(changed({.action = PathAction::change_mode,
                       .path = "file",
                       .number = 0640,
                       .resolve = resolve}),
              0);
    EXPECT_EQ(mode_of(at_home("file")), 0640u);
    timespec times[2]{{1000, 5}, {2000, 7}};
    EXPECT_EQ(changed({.action = PathAction::change_times,
                       .path = "file",
                       .resolve = resolve,
                       .memory = times}),
              0);
    EXPECT_EQ(changed({.action = PathAction::change_owner,
                       .path = "file",
                       .number = ~std::uint64_t{0},
                       .resolve = resolve}),
              0);
    struct stat about{};
    ASSERT_EQ(::stat(at_home("file").c_str(), &about), 0);
    EXPECT_EQ(about.st_atim.tv_sec, 1000);
    EXPECT_EQ(about.st_mtim.tv_nsec, 7);
    EXPECT_EQ(changed({.action = PathAction::change_mode,
                       .path = "missing",
                       .number = 0640,
                       .resolve = resolve}),
              -ENOENT);
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

INSTANTIATE_TEST_SUITE_P(Drivers, PathConformance, testing::ValuesIn(cells()), name_of);

}  // namespace
}  // namespace rota::conformance
