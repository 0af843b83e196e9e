// Which connections have no number, seen from a program.
#include "open_fds.hpp"
#include "sched/worker.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rota {
namespace {

enum class Places : bool { none, given };

struct DirectCell {
  const char* name;
  DriverKind driver;
  SchedulerKind scheduler;
  std::uint32_t workers;
  Places places;
};

constexpr DirectCell kCells[] = {
    {"io_uring", DriverKind::io_uring, SchedulerKind::single, 1, Places::given},
    {"io_uring_per_core", DriverKind::io_uring, SchedulerKind::per_core, 2, Places::given},
    {"io_uring_stealing", DriverKind::io_uring, SchedulerKind::stealing, 2, Places::none},
    {"epoll", DriverKind::epoll, SchedulerKind::single, 1, Places::none},
    {"sim", DriverKind::sim, SchedulerKind::single, 1, Places::none},
};

class DirectStreamTest : public testing::TestWithParam<DirectCell> {
 protected:
  void SetUp() override {
    Config config;
    config.driver.kind = GetParam().driver;
    config.scheduler.kind = GetParam().scheduler;
    config.scheduler.workers = GetParam().workers;
    Result<Runtime> made = Runtime::make(config);
    if (!made) GTEST_SKIP() << made.error().message();
    runtime_.emplace(std::move(*made));
    if (GetParam().places == Places::given && !runtime_->block_on(gives_places())) {
      GTEST_SKIP() << "this kernel's ring gives no places";
    }
  }
  static Task<bool> gives_places() {
    co_return current_task()->home->driver().traits().gives_places;
  }
  void run(Task<void> scenario) { runtime_->block_on(std::move(scenario)); }

 private:
  std::optional<Runtime> runtime_;
};

INSTANTIATE_TEST_SUITE_P(Cells, DirectStreamTest, testing::ValuesIn(kCells),
                         [](const auto& cell) { return std::string(cell.param.name); });

/// How many numbers it takes to accept a connection directly, and then to install it.
Task<void> expect_numbers(std::size_t by_accept) {
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  Result<TcpStream> far = co_await TcpStream::connect(listener.local_address().value());
  EXPECT_TRUE(far.has_value());
  const std::size_t before = leaks::open_fds();
  Result<DirectStream> near = co_await listener.accept_direct();
  EXPECT_TRUE(near.has_value());
  EXPECT_EQ(leaks::open_fds(), before + by_accept);
  Result<TcpStream> installed = co_await near->install();
  EXPECT_TRUE(installed.has_value());
  EXPECT_EQ(leaks::open_fds(), before + 1);
  Result<void> closed = co_await installed->close();
  EXPECT_TRUE(closed.has_value());
  EXPECT_EQ(leaks::open_fds(), before);
}

TEST_P(DirectStreamTest, an_accept_takes_a_number_only_where_there_is_no_place) {
  run(expect_numbers(GetParam().places == Places::given ? 0 : 1));
}

Task<Result<DirectStream>> accept_one(TcpListener& listener) {
  Result<DirectStream> accepted = co_await listener.accept_direct();
  co_return accepted;
}

/// The place would be of the ring of another worker than the task's.
Task<void> expect_a_number_elsewhere() {
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  Result<TcpStream> far = co_await TcpStream::connect(listener.local_address().value());
  const std::size_t before = leaks::open_fds();
  const WorkerIndex other = (this_worker() + 1) % worker_count();
  JoinHandle<Result<DirectStream>> accepting = spawn_on(other, accept_one(listener));
  Joined<Result<DirectStream>> joined = co_await accepting.join();
  Result<DirectStream> near = std::move(joined).value();
  EXPECT_TRUE(near.has_value());
  EXPECT_EQ(leaks::open_fds(), before + 1);
  Result<void> closed = co_await near->close();
  EXPECT_TRUE(closed.has_value());
}

TEST_P(DirectStreamTest, a_task_of_another_worker_gets_a_number) {
  if (GetParam().workers == 1) GTEST_SKIP() << "there is one worker";
  run(expect_a_number_elsewhere());
}

/// What a listener has accepted for `accept` has numbers already.
Task<void> expect_the_numbers_of_a_stream() {
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  const Address address = listener.local_address().value();
  Result<TcpStream> first = co_await TcpStream::connect(address);
  Result<TcpStream> plain = co_await listener.accept();
  EXPECT_TRUE(plain.has_value());
  Result<TcpStream> second = co_await TcpStream::connect(address);
  Result<DirectStream> near = co_await listener.accept_direct();
  EXPECT_TRUE(near.has_value());
  std::array<std::byte, 4> bytes{};
  Result<void> sent = co_await second->write_all(bytes);
  EXPECT_TRUE(sent.has_value());
  Result<std::size_t> read = co_await near->read(bytes);
  EXPECT_GT(read.value_or(0), 0u);
  const std::size_t before = leaks::open_fds();
  Result<void> closed = co_await near->close();
  EXPECT_TRUE(closed.has_value());
  EXPECT_EQ(leaks::open_fds(), before - 1);
}

TEST_P(DirectStreamTest, a_listener_that_has_accepted_otherwise_goes_on_with_numbers) {
  run(expect_the_numbers_of_a_stream());
}

/// Beyond what one wait, one turn or one batch sees.
Task<void> hold_many(std::size_t count) {
  TcpListener listener = TcpListener::bind(Address::loopback(0)).value();
  const Address address = listener.local_address().value();
  std::vector<TcpStream> far;
  std::vector<DirectStream> near;
  for (std::size_t i = 0; i < count; ++i) {
    Result<TcpStream> connected = co_await TcpStream::connect(address);
    Result<DirectStream> accepted = co_await listener.accept_direct();
    if (!connected || !accepted) break;
    far.push_back(std::move(*connected));
    near.push_back(std::move(*accepted));
  }
  EXPECT_EQ(near.size(), count);
  std::array<std::byte, 1> byte{};
  for (std::size_t i = 0; i < near.size(); ++i) {
    Result<void> sent = co_await near[i].write_all(byte);
    Result<std::size_t> read = co_await far[i].read(byte);
    EXPECT_TRUE(sent && read && *read == 1) << "connection " << i;
  }
}

TEST_P(DirectStreamTest, many_connections_are_held_and_dropped) { run(hold_many(200)); }

}  // namespace
}  // namespace rota
