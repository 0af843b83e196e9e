#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cerrno>
#include <span>
#include <string>
#include <vector>

namespace rota::testing_tasks {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::size_t names_in(const std::string& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

unsigned mode_of(const std::string& path) {
  struct stat about{};
  EXPECT_EQ(::stat(path.c_str(), &about), 0);
  return about.st_mode & 07777;
}

template <template <class> class Routine>
Routine<void> a_replaced_file_has_all_of_the_new_bytes(World) {
  const TemporaryPath place;
  const std::string first = "first";
  const std::string second(300'000, 's');
  Result<Directory> home = co_await Directory::open(place.folder(), Confinement::beneath);
  Task<Result<void>> replacing = replace_file(*home, "file", bytes_of(first));
  Result<void> done = co_await std::move(replacing);
  EXPECT_EQ(code_of(done), 0);
  EXPECT_EQ(contents_of(place.path()), first);
  EXPECT_EQ(::chmod(place.path().c_str(), 0751), 0);
  replacing = replace_file(*home, "file", bytes_of(second));
  done = co_await std::move(replacing);
  EXPECT_EQ(code_of(done), 0);
  EXPECT_TRUE(contents_of(place.path()) == second);
  EXPECT_EQ(mode_of(place.path()), 0751u);
  ReplaceOptions options;
  options.permissions = 0604;
  options.durability = Durability::in_cache;
  replacing = replace_file(place.path(), bytes_of(first), options);
  done = co_await std::move(replacing);
  EXPECT_EQ(code_of(done), 0);
  EXPECT_EQ(contents_of(place.path()), first);
  EXPECT_EQ(mode_of(place.path()), 0604u);
  EXPECT_EQ(names_in(place.folder()), 1u);
}

template <template <class> class Routine>
Routine<void> what_cannot_be_replaced_is_left_as_it_was(World) {
  const TemporaryPath place;
  const std::string text = "text";
  fs::create_directory(place.in("folder"));
  Task<Result<void>> replacing = replace_file(place.in("folder"), bytes_of(text));
  Result<void> done = co_await std::move(replacing);
  EXPECT_EQ(code_of(done), EISDIR);
  replacing = replace_file(place.in("missing/file"), bytes_of(text));
  done = co_await std::move(replacing);
  EXPECT_EQ(code_of(done), ENOENT);
  const std::string long_name(300, 'n');
  replacing = replace_file(place.in(long_name), bytes_of(text));
  done = co_await std::move(replacing);
  EXPECT_EQ(code_of(done), ENAMETOOLONG);
  EXPECT_EQ(names_in(place.folder()), 1u);
  write_contents(place.in("target"), "kept");
  fs::create_symlink("target", place.in("link"));
  replacing = replace_file(place.in("link"), bytes_of(text));
  done = co_await std::move(replacing);
  EXPECT_EQ(code_of(done), 0);
  EXPECT_EQ(contents_of(place.in("target")), "kept");
  EXPECT_EQ(contents_of(place.in("link")), "text");
}

template <template <class> class Routine>
Routine<int> replace_with(std::string path, const std::string& bytes) {
  Task<Result<void>> replacing = replace_file(std::move(path), bytes_of(bytes));
  Result<void> done = co_await std::move(replacing);
  co_return code_of(done);
}

template <template <class> class Routine>
Routine<void> a_stopped_replacement_leaves_one_of_the_two_and_nothing_else(World) {
  const TemporaryPath place;
  std::string current = "old";
  write_contents(place.path(), current);
  for (int moment = 0; moment < 12; ++moment) {
    const std::string next = "new " + std::to_string(moment);
    JoinHandle<int> replacing = spawn_routine(replace_with<Routine>(place.path(), next));
    for (int i = 0; i < moment; ++i) {
      Result<void> slept = co_await sleep(Duration(std::chrono::microseconds(30 * i)));
      EXPECT_EQ(code_of(slept), 0);
    }
    replacing.request_stop();
    Joined<int> joined = co_await replacing.join();
    const int outcome = std::move(joined).value();
    EXPECT_TRUE(outcome == 0 || outcome == ECANCELED);
    if (outcome == 0) current = next;
    EXPECT_EQ(contents_of(place.path()), current);
    EXPECT_EQ(names_in(place.folder()), 1u);
  }
}

template <template <class> class Routine>
Routine<void> a_temporary_directory_goes_with_what_is_in_it(World) {
  const TemporaryPath place;
  Task<Result<TemporaryDirectory>> making = TemporaryDirectory::make(place.folder());
  Result<TemporaryDirectory> made = co_await std::move(making);
  EXPECT_TRUE(made.has_value());
  EXPECT_EQ(mode_of(made->path()), 0700u);
  Result<void> done = co_await made->directory().make_directory("sub");
  EXPECT_EQ(code_of(done), 0);
  EXPECT_TRUE(fs::is_directory(made->path() + "/sub"));
  EXPECT_FALSE(fs::exists(place.in("sub")));
  write_contents(made->path() + "/sub/file", "x");
  Task<Result<void>> removing = made->remove();
  done = co_await std::move(removing);
  EXPECT_EQ(code_of(done), 0);
  EXPECT_TRUE(fs::is_empty(place.folder()));
  removing = made->remove();
  done = co_await std::move(removing);
  EXPECT_EQ(code_of(done), 0);
}

template <template <class> class Routine>
Routine<void> make_and_leave(std::string parent) {
  Task<Result<TemporaryDirectory>> making = TemporaryDirectory::make(std::move(parent));
  Result<TemporaryDirectory> made = co_await std::move(making);
  EXPECT_TRUE(made.has_value());
  write_contents(made->path() + "/file", "x");
}

template <template <class> class Routine>
Routine<void> a_temporary_directory_that_is_left_goes_in_the_background(World) {
  const TemporaryPath place;
  JoinHandle<void> leaving = spawn_routine(make_and_leave<Routine>(place.folder()));
  Joined<void> joined = co_await leaving.join();
  std::move(joined).value();
  while (!fs::is_empty(place.folder())) {
    Result<void> slept = co_await sleep(Duration(std::chrono::milliseconds(1)));
    EXPECT_EQ(code_of(slept), 0);
  }
}

}  // namespace

void add_replace_file_scenarios(Suite& suite) {
  suite.add("a_replaced_file_has_all_of_the_new_bytes",
            a_replaced_file_has_all_of_the_new_bytes<Task>,
            a_replaced_file_has_all_of_the_new_bytes<Script>);
  suite.add("what_cannot_be_replaced_is_left_as_it_was",
            what_cannot_be_replaced_is_left_as_it_was<Task>,
            what_cannot_be_replaced_is_left_as_it_was<Script>);
  suite.add("a_stopped_replacement_leaves_one_of_the_two_and_nothing_else",
            a_stopped_replacement_leaves_one_of_the_two_and_nothing_else<Task>,
            a_stopped_replacement_leaves_one_of_the_two_and_nothing_else<Script>);
  suite.add("a_temporary_directory_goes_with_what_is_in_it",
            a_temporary_directory_goes_with_what_is_in_it<Task>,
            a_temporary_directory_goes_with_what_is_in_it<Script>);
  suite.add("a_temporary_directory_that_is_left_goes_in_the_background",
            a_temporary_directory_that_is_left_goes_in_the_background<Task>,
            a_temporary_directory_that_is_left_goes_in_the_background<Script>);
}

}  // namespace rota::testing_tasks
