#include "task/suite.hpp"
#include "task/temporary_path.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>

namespace rota::testing_tasks {
namespace {

constexpr OpenMode kReadWrite = OpenMode::read | OpenMode::write | OpenMode::create;

/// Whether a lock of the old kind, which belongs to the process, would meet one of ours.
bool somebody_has(const std::string& path, off_t at) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct flock wanted{};
  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  wanted.l_start = at;
  wanted.l_len = 1;
  EXPECT_EQ(::fcntl(fd, F_GETLK, &wanted), 0);
  ::close(fd);
  return wanted.l_type != F_UNLCK;
}

template <template <class> class Routine>
Routine<void> locks_are_between_open_files(World) {
  const TemporaryPath place;
  Result<File> one = co_await File::open(place.path(), kReadWrite);
  Result<File> other = co_await File::open(place.path(), kReadWrite);
  Result<bool> locked = co_await one->try_lock(LockKind::exclusive, 100, 50);
  EXPECT_TRUE(locked.value());
  EXPECT_TRUE(somebody_has(place.path(), 120));
  EXPECT_FALSE(somebody_has(place.path(), 150));
  locked = co_await other->try_lock(LockKind::shared, 120, 1);
  EXPECT_FALSE(locked.value());
  locked = co_await other->try_lock(LockKind::exclusive, 150);
  EXPECT_TRUE(locked.value());
  locked = co_await other->try_lock(LockKind::exclusive, 400, std::uint64_t{1} << 63);
  EXPECT_EQ(code_of(locked), EINVAL);
  locked = co_await one->try_lock(LockKind::shared, 100, 50);
  EXPECT_TRUE(locked.value());
  locked = co_await other->try_lock(LockKind::shared, 100, 50);
  EXPECT_TRUE(locked.value());
  Result<void> done = co_await one->unlock();
  EXPECT_EQ(code_of(done), 0);
  done = co_await other->close();
  EXPECT_EQ(code_of(done), 0);
  EXPECT_FALSE(somebody_has(place.path(), 120));
  Result<File> reader = co_await File::open(place.path(), OpenMode::read);
  locked = co_await reader->try_lock(LockKind::exclusive);
  EXPECT_EQ(code_of(locked), EBADF);
}

template <template <class> class Routine>
Routine<int> lock_whole(File& file) {
  Task<Result<void>> locking = file.lock(LockKind::exclusive);
  Result<void> locked = co_await std::move(locking);
  co_return code_of(locked);
}

template <template <class> class Routine>
Routine<void> a_lock_is_waited_for_until_it_is_free_or_the_wait_is_stopped(World) {
  const TemporaryPath place;
  Result<File> holder = co_await File::open(place.path(), kReadWrite);
  Result<File> waiter = co_await File::open(place.path(), kReadWrite);
  Result<bool> held = co_await holder->try_lock(LockKind::exclusive);
  EXPECT_TRUE(held.value());
  JoinHandle<int> stopped = spawn_routine(lock_whole<Routine>(*waiter));
  for (int i = 0; i < 3; ++i) co_await yield();
  stopped.request_stop();
  Joined<int> joined = co_await stopped.join();
  EXPECT_EQ(std::move(joined).value(), ECANCELED);
  JoinHandle<int> waiting = spawn_routine(lock_whole<Routine>(*waiter));
  for (int i = 0; i < 3; ++i) co_await yield();
  EXPECT_FALSE(waiting.is_done());
  Result<void> done = co_await holder->unlock();
  EXPECT_EQ(code_of(done), 0);
  Joined<int> locked = co_await waiting.join();
  EXPECT_EQ(std::move(locked).value(), 0);
  held = co_await holder->try_lock(LockKind::shared);
  EXPECT_FALSE(held.value());
}

template <template <class> class Routine>
Routine<void> room_is_allocated_and_holes_are_punched(World) {
  const TemporaryPath place;
  Result<File> file = co_await File::open(place.path(), kReadWrite);
  Result<void> done = co_await file->allocate(0, 1 << 16, Allocation::keep_size);
  if (code_of(done) == EOPNOTSUPP) {
    skip_here("this file system allocates nothing");
    co_return;
  }
  Result<FileStatus> status = co_await file->stat();
  EXPECT_EQ(status->bytes, 0u);
  EXPECT_GE(status->blocks_of_512, 128u);
  done = co_await file->allocate(0, 1 << 16);
  status = co_await file->stat();
  EXPECT_EQ(status->bytes, 1u << 16);
  const std::string text(8192, 'x');
  done = co_await file->write_at(0, std::as_bytes(std::span(text)));
  done = co_await file->allocate(0, 4096, Allocation::punch_hole);
  if (code_of(done) != EOPNOTSUPP) {
    EXPECT_EQ(contents_of(place.path()).substr(4095, 2), std::string("\0x", 2));
  }
  done = co_await file->allocate(std::uint64_t{1} << 63, 1);
  EXPECT_EQ(code_of(done), EINVAL);
}

template <template <class> class Routine>
Routine<void> advice_is_taken_and_status_is_changed(World) {
  const TemporaryPath place;
  write_contents(place.path(), std::string(100'000, 'a'));
  Result<File> file = co_await File::open(place.path(), OpenMode::read);
  for (const Advice advice : {Advice::normal, Advice::sequential, Advice::random,
                              Advice::read_ahead, Advice::once, Advice::forget}) {
    Result<void> taken = co_await file->advise(advice);
    EXPECT_EQ(code_of(taken), 0);
  }
  Result<void> done = co_await file->advise(Advice::read_ahead, 4096, 8192);
  EXPECT_EQ(code_of(done), 0);
  done = co_await file->change_mode(0604);
  EXPECT_EQ(code_of(done), 0);
  done = co_await file->change_times(TimeChange::to(-1), TimeChange::to(5'000'000'009));
  EXPECT_EQ(code_of(done), 0);
  done = co_await file->change_owner(::geteuid(), ::getegid());
  EXPECT_EQ(code_of(done), 0);
  Result<FileStatus> status = co_await file->stat();
  EXPECT_EQ(status->permissions(), 0604u);
  EXPECT_EQ(status->modified_ns, 5'000'000'009);
  EXPECT_EQ(status->accessed_ns, -1);
  done = co_await file->change_times(TimeChange::now(), TimeChange::keep());
  status = co_await file->stat();
  EXPECT_EQ(status->modified_ns, 5'000'000'009);
  EXPECT_GT(status->accessed_ns, status->modified_ns);
  done = co_await file->close();
  done = co_await file->advise(Advice::normal);
  EXPECT_EQ(code_of(done), EBADF);
}

}  // namespace

void add_file_part_scenarios(Suite& suite) {
  suite.add("locks_are_between_open_files", locks_are_between_open_files<Task>,
            locks_are_between_open_files<Script>);
  suite.add("a_lock_is_waited_for_until_it_is_free_or_the_wait_is_stopped",
            a_lock_is_waited_for_until_it_is_free_or_the_wait_is_stopped<Task>,
            a_lock_is_waited_for_until_it_is_free_or_the_wait_is_stopped<Script>);
  suite.add("room_is_allocated_and_holes_are_punched",
            room_is_allocated_and_holes_are_punched<Task>,
            room_is_allocated_and_holes_are_punched<Script>);
  suite.add("advice_is_taken_and_status_is_changed", advice_is_taken_and_status_is_changed<Task>,
            advice_is_taken_and_status_is_changed<Script>);
}

}  // namespace rota::testing_tasks
