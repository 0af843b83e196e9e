#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace rota::testing_tasks {
namespace {

using Memory = std::array<std::byte, 1000>;

std::string text_in(std::span<const std::byte> memory, std::size_t count) {
  return {reinterpret_cast<const char*>(memory.data()), count};
}

template <template <class> class Routine>
Routine<void> a_small_file_is_loaded_whole(World) {
  const TemporaryPath place;
  write_contents(place.path(), "all of it");
  write_contents(place.in("empty"), "");
  Memory memory;
  Result<std::size_t> loaded = co_await load_file(place.path(), memory);
  EXPECT_EQ(text_in(memory, loaded.value()), "all of it");
  loaded = co_await load_file(place.path(), std::span(memory).first(3), IoPriority::high);
  EXPECT_EQ(text_in(memory, loaded.value()), "all");
  loaded = co_await load_file(place.in("empty"), memory);
  EXPECT_EQ(loaded.value(), 0u);
}

template <template <class> class Routine>
Routine<void> a_directory_loads_what_is_in_it(World) {
  const TemporaryPath place;
  write_contents(place.path(), "inside");
  Result<Directory> opened = co_await Directory::open(place.folder(), Confinement::beneath);
  EXPECT_TRUE(opened.has_value());
  Memory memory;
  Result<std::size_t> loaded = co_await opened->load_file("file", memory);
  EXPECT_EQ(text_in(memory, loaded.value()), "inside");
  loaded = co_await opened->load_file("../file", memory);
  EXPECT_EQ(code_of(loaded), EXDEV);
  loaded = co_await Directory::current().load_file(place.path(), memory);
  EXPECT_EQ(text_in(memory, loaded.value()), "inside");
  const Directory moved = std::move(*opened);
  loaded = co_await opened->load_file("file", memory);
  EXPECT_EQ(code_of(loaded), EBADF);
}

template <template <class> class Routine>
Routine<void> a_file_that_cannot_be_loaded_says_why(World) {
  const TemporaryPath place;
  Memory memory;
  Result<std::size_t> loaded = co_await load_file(place.in("missing"), memory);
  EXPECT_EQ(loaded.error(), std::errc::no_such_file_or_directory);
  loaded = co_await load_file(place.folder(), memory);
  EXPECT_EQ(loaded.error(), std::errc::is_a_directory);
  loaded = co_await load_file(std::string_view("/dev/null\0x", 11), memory);
  EXPECT_EQ(loaded.error(), std::errc::invalid_argument);
}

template <template <class> class Routine>
Routine<std::size_t> bytes_of(const std::string& path) {
  Memory memory;
  Result<std::size_t> loaded = co_await load_file(path, memory);
  co_return loaded.value_or(0);
}

template <template <class> class Routine>
Routine<void> many_tasks_load_at_once(World) {
  const TemporaryPath place;
  write_contents(place.path(), std::string(700, 'x'));
  const std::string path = place.path();
  std::deque<JoinHandle<std::size_t>> tasks;
  for (std::size_t i = 0; i < rounds(200); ++i) {
    tasks.push_back(spawn_routine(bytes_of<Routine>(path)));
  }
  for (JoinHandle<std::size_t>& each : tasks) {
    Joined<std::size_t> joined = co_await each.join();
    EXPECT_EQ(std::move(joined).value(), 700u);
  }
}

template <template <class> class Routine>
Routine<int> load_once_stopped(const std::string& path) {
  const bool stopped = stop_requested();
  Memory memory;
  Result<std::size_t> loaded = co_await load_file(path, memory);
  co_return stopped ? code_of(loaded) : ECANCELED;
}

template <template <class> class Routine>
Routine<void> a_task_that_must_stop_loads_nothing(World) {
  const TemporaryPath place;
  write_contents(place.path(), "x");
  const std::string path = place.path();
  JoinHandle<int> task = spawn_routine(load_once_stopped<Routine>(path));
  task.request_stop();
  Joined<int> joined = co_await task.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

}  // namespace

void add_load_file_scenarios(Suite& suite) {
  suite.add("a_small_file_is_loaded_whole", a_small_file_is_loaded_whole<Task>,
            a_small_file_is_loaded_whole<Script>);
  suite.add("a_directory_loads_what_is_in_it", a_directory_loads_what_is_in_it<Task>,
            a_directory_loads_what_is_in_it<Script>);
  suite.add("a_file_that_cannot_be_loaded_says_why", a_file_that_cannot_be_loaded_says_why<Task>,
            a_file_that_cannot_be_loaded_says_why<Script>);
  suite.add("many_tasks_load_at_once", many_tasks_load_at_once<Task>,
            many_tasks_load_at_once<Script>);
  suite.add("a_task_that_must_stop_loads_nothing", a_task_that_must_stop_loads_nothing<Task>,
            a_task_that_must_stop_loads_nothing<Script>);
}

}  // namespace rota::testing_tasks
