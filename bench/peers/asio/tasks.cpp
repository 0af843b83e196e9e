// Asio's coroutines: spawn and await, yield by post, channel ping-pong. Several threads run one
// io_context, and channels are then the concurrent ones.
//
//   asio_tasks [--threads N]

#include <boost/asio.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include "bench/raw/task_work.hpp"

namespace {

using namespace rota::bench;
namespace asio = boost::asio;
using asio::awaitable;
using asio::use_awaitable;
using boost::system::error_code;

awaitable<void> nothing() { co_return; }

awaitable<void> spawn_and_join() {
  const auto executor = co_await asio::this_coro::executor;
  for (std::uint64_t i = 0; i < kSpawns; ++i) {
    co_await asio::co_spawn(executor, nothing(), use_awaitable);
  }
}

awaitable<void> yield_often() {
  const auto executor = co_await asio::this_coro::executor;
  for (std::uint64_t i = 0; i < kYields; ++i) co_await asio::post(executor, use_awaitable);
}

awaitable<void> yield_in_turn() {
  using Ended = asio::experimental::concurrent_channel<void(error_code)>;
  const auto executor = co_await asio::this_coro::executor;
  // Owned by all: whoever sends last may still be inside the call when the message has come.
  const auto ended = std::make_shared<Ended>(executor, kYielders);
  for (std::uint64_t i = 0; i < kYielders; ++i) {
    asio::co_spawn(executor, yield_often(), [ended](std::exception_ptr error) {
      if (error != nullptr || !ended->try_send(error_code())) std::abort();
    });
  }
  for (std::uint64_t i = 0; i < kYielders; ++i) co_await ended->async_receive(use_awaitable);
}

template <class Channel>
struct Table {
  explicit Table(const asio::any_io_executor& executor) : ping(executor, 1), pong(executor, 1) {}

  Channel ping;
  Channel pong;
};

template <class Channel>
awaitable<void> echo(std::shared_ptr<Table<Channel>> table) {
  for (;;) {
    auto [error, value] = co_await table->ping.async_receive(asio::as_tuple(use_awaitable));
    if (error) co_return;
    co_await table->pong.async_send(error_code(), value, use_awaitable);
  }
}

template <class Channel>
awaitable<void> ping_pong() {
  const auto executor = co_await asio::this_coro::executor;
  const auto table = std::make_shared<Table<Channel>>(executor);
  asio::co_spawn(executor, echo(table), asio::detached);
  for (std::uint64_t i = 0; i < kRoundTrips; ++i) {
    co_await table->ping.async_send(error_code(), i, use_awaitable);
    const std::uint64_t back = co_await table->pong.async_receive(use_awaitable);
    if (back != i) std::abort();
  }
  table->ping.close();
}

template <class Work>
awaitable<void> measure(const char* name, int threads, std::uint64_t operations, Work work) {
  Passes passes;
  while (passes.more()) co_await work();
  passes.report(name, threads, operations);
}

awaitable<void> measure_all(int threads) {
  using Message = void(error_code, std::uint64_t);
  using One = asio::experimental::channel<Message>;
  using Several = asio::experimental::concurrent_channel<Message>;
  co_await measure("spawn_join", threads, kSpawns, spawn_and_join);
  co_await measure("yield_1000", threads, kYielders * kYields, yield_in_turn);
  co_await measure("channel_ping_pong", threads, 2 * kRoundTrips,
                   threads > 1 ? ping_pong<Several> : ping_pong<One>);
}

}  // namespace

int main(int count, char** words) {
  const int threads = threads_of(count, words);
  asio::io_context loop(threads);
  asio::co_spawn(loop, measure_all(threads), [](std::exception_ptr error) {
    if (error != nullptr) std::rethrow_exception(error);
  });
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&loop] { loop.run(); });
  loop.run();
  for (std::thread& other : others) other.join();
}
