#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace rota::testing_tasks {
namespace {

namespace fs = std::filesystem;

template <template <class> class Routine>
Routine<void> a_watch_tells_what_happens_in_a_directory(World) {
  const TemporaryPath place;
  Result<FileWatch> watch = FileWatch::open();
  EXPECT_TRUE(watch.has_value());
  constexpr FileEvents wanted = FileEvents::created | FileEvents::closed_written |
                                FileEvents::moved_from | FileEvents::moved_to | FileEvents::removed;
  Result<int> added = co_await watch->add(place.folder(), wanted);
  EXPECT_TRUE(added.has_value());
  write_contents(place.in("one"), "x");
  fs::rename(place.in("one"), place.in("two"));
  fs::remove(place.in("two"));
  fs::create_directory(place.in("sub"));
  struct Expected {
    FileEvents what;
    const char* name;
  };
  const Expected all[] = {{FileEvents::created, "one"},    {FileEvents::closed_written, "one"},
                          {FileEvents::moved_from, "one"}, {FileEvents::moved_to, "two"},
                          {FileEvents::removed, "two"},    {FileEvents::created, "sub"}};
  std::uint32_t cookie = 0;
  for (const Expected& expected : all) {
    Result<FileEvent> event = co_await watch->next();
    EXPECT_TRUE(event.has_value());
    if (!event) break;
    EXPECT_EQ(event->watch, *added);
    EXPECT_TRUE(has(event->what, expected.what)) << expected.name;
    EXPECT_EQ(event->name, expected.name);
    EXPECT_EQ(has(event->what, FileEvents::is_directory), event->name == "sub");
    if (expected.what == FileEvents::moved_from) cookie = event->cookie;
    if (expected.what == FileEvents::moved_to) {
      EXPECT_EQ(event->cookie, cookie);
    }
  }
  Result<void> removed = watch->remove(*added);
  EXPECT_EQ(code_of(removed), 0);
  Result<FileEvent> last = co_await watch->next();
  EXPECT_TRUE(has(last->what, FileEvents::ended));
  removed = watch->remove(*added);
  EXPECT_EQ(code_of(removed), EINVAL);
  added = co_await watch->add(place.in("missing"), FileEvents::any);
  EXPECT_EQ(code_of(added), ENOENT);
  write_contents(place.in("file"), "x");
  added = co_await watch->add(place.in("file"), FileEvents::any | FileEvents::only_directory);
  EXPECT_EQ(code_of(added), ENOTDIR);
}

template <template <class> class Routine>
Routine<int> wait_for_one(FileWatch& watch) {
  Result<FileEvent> event = co_await watch.next();
  co_return code_of(event);
}

template <template <class> class Routine>
Routine<void> a_stopped_wait_for_events_loses_none(World) {
  const TemporaryPath place;
  Result<FileWatch> watch = FileWatch::open();
  Result<int> added = co_await watch->add(place.folder(), FileEvents::created);
  EXPECT_TRUE(added.has_value());
  int seen = 0;
  for (int i = 0; i < 10; ++i) {
    JoinHandle<int> waiting = spawn_routine(wait_for_one<Routine>(*watch));
    for (int k = 0; k < i % 4; ++k) co_await yield();
    write_contents(place.in(std::to_string(i)), "");
    waiting.request_stop();
    Joined<int> joined = co_await waiting.join();
    const int outcome = std::move(joined).value();
    EXPECT_TRUE(outcome == 0 || outcome == ECANCELED);
    if (outcome == 0) seen += 1;
  }
  for (; seen < 10; ++seen) {
    Result<FileEvent> event = co_await watch->next();
    EXPECT_TRUE(event.has_value());
  }
  JoinHandle<int> waiting = spawn_routine(wait_for_one<Routine>(*watch));
  for (int k = 0; k < 3; ++k) co_await yield();
  EXPECT_FALSE(waiting.is_done());
  waiting.request_stop();
  Joined<int> joined = co_await waiting.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
}

}  // namespace

void add_file_watch_scenarios(Suite& suite) {
  suite.add("a_watch_tells_what_happens_in_a_directory",
            a_watch_tells_what_happens_in_a_directory<Task>,
            a_watch_tells_what_happens_in_a_directory<Script>);
  suite.add("a_stopped_wait_for_events_loses_none", a_stopped_wait_for_events_loses_none<Task>,
            a_stopped_wait_for_events_loses_none<Script>);
}

}  // namespace rota::testing_tasks
