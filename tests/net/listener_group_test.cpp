#include "sched/grid.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace rota::testing_sched {
namespace {

using namespace std::chrono_literals;

class ListenerGroupTest : public GridTest {};
class ListenerGroupPerCoreTest : public GridTest {};

INSTANTIATE_TEST_SUITE_P(PerCore, ListenerGroupTest, testing::ValuesIn(kPerCoreCells),
                         name_of_cell);
INSTANTIATE_TEST_SUITE_P(Stealing, ListenerGroupTest, testing::ValuesIn(kStealingCells),
                         name_of_cell);
INSTANTIATE_TEST_SUITE_P(, ListenerGroupPerCoreTest, testing::ValuesIn(kPerCoreCells),
                         name_of_cell);

/// Answers each byte with the number of the worker that serves the connection.
Task<void> tell_worker(TcpStream peer) {
  std::byte byte{};
  for (;;) {
    Result<std::size_t> got = co_await peer.read(std::span(&byte, 1));
    if (!got || *got == 0) co_return;
    byte = static_cast<std::byte>(this_worker());
    Result<std::size_t> sent = co_await peer.write(std::span(&byte, 1));
    if (!sent) co_return;
  }
}

/// A client that knows who serves it.
struct Client {
  std::optional<TcpStream> stream;
  WorkerIndex worker = 0;
};
Task<void> ask(Client& client) {
  std::byte byte{};
  Result<std::size_t> sent = co_await client.stream->write(std::span(&byte, 1));
  EXPECT_EQ(sent.value_or(0), 1u);
  Result<std::size_t> got = co_await client.stream->read(std::span(&byte, 1));
  EXPECT_EQ(got.value_or(0), 1u) << "nobody served the connection";
  client.worker = static_cast<WorkerIndex>(byte);
}
Task<Client> connect_and_ask(Address to) {
  Client client;
  Result<TcpStream> connected = co_await TcpStream::connect(to);
  EXPECT_TRUE(connected.has_value()) << connected.error().message();
  if (!connected) co_return client;
  client.stream.emplace(std::move(*connected));
  co_await ask(client);
  co_return client;
}
Task<std::vector<Client>> connect_many(Address to, std::size_t count) {
  std::vector<Client> clients;
  for (std::size_t i = 0; i < count; ++i) {
    Client client = co_await connect_and_ask(to);
    clients.push_back(std::move(client));
  }
  co_return clients;
}

Task<std::error_code> serve_to_the_end(ListenerGroup& group) {
  Result<void> ended = co_await group.serve(tell_worker);
  co_return ended ? std::error_code() : ended.error();
}

/// Runs `talk(group)` while a group serves, then ends accepting and waits for the rest.
template <class Talk>
Task<void> with_group(ServeOptions options, Talk talk) {
  Result<ListenerGroup> group = co_await ListenerGroup::bind(Address::loopback(0), options);
  EXPECT_TRUE(group.has_value()) << group.error().message();
  if (!group) co_return;
  EXPECT_NE(group->local_address().port(), 0);
  JoinHandle<std::error_code> serving = spawn(serve_to_the_end(*group));
  Task<void> talking = talk(*group);
  co_await std::move(talking);
  group->stop_accepting();
  Joined<std::error_code> ended = co_await serving.join();
  EXPECT_EQ(std::move(ended).value(), std::error_code());
  for (WorkerIndex worker = 0; worker < worker_count(); ++worker) {
    EXPECT_EQ(group->live(worker), 0u);
  }
}

Task<void> talk_to_many(ListenerGroup& group) {
  constexpr std::size_t kClients = 64;
  std::vector<Client> clients = co_await connect_many(group.local_address(), kClients);
  std::size_t live = 0;
  for (WorkerIndex worker = 0; worker < worker_count(); ++worker) live += group.live(worker);
  EXPECT_EQ(live, kClients);
  if (tasks_move()) co_return;
  for (Client& client : clients) {
    const WorkerIndex before = client.worker;
    co_await ask(client);
    EXPECT_EQ(client.worker, before) << "a connection was served by two workers";
  }
  for (WorkerIndex worker = 0; worker < worker_count(); ++worker) {
    const auto of_this = [&](const Client& client) { return client.worker == worker; };
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count_if(clients, of_this)),
              group.live(worker));
  }
}

TEST_P(ListenerGroupTest, each_worker_accepts_from_a_socket_of_its_own) {
  runtime().block_on(with_group(ServeOptions(), talk_to_many));
}
TEST_P(ListenerGroupTest, one_worker_accepts_for_all) {
  runtime().block_on(with_group(ServeOptions(PlaceConnections::round_robin), talk_to_many));
}

Task<void> talk_in_turn(ListenerGroup& group) {
  const std::size_t workers = worker_count();
  std::vector<Client> clients = co_await connect_many(group.local_address(), 4 * workers);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i].worker, i % workers);
  }
}

TEST_P(ListenerGroupPerCoreTest, round_robin_gives_each_worker_its_turn) {
  runtime().block_on(with_group(ServeOptions(PlaceConnections::round_robin), talk_in_turn));
}

/// Whoever lost connections gets the next ones.
Task<void> unbalance(ListenerGroup& group) {
  const std::size_t workers = worker_count();
  std::vector<Client> clients = co_await connect_many(group.local_address(), 2 * workers);
  for (WorkerIndex worker = 0; worker < workers; ++worker) EXPECT_EQ(group.live(worker), 2u);
  std::erase_if(clients, [](const Client& client) { return client.worker == 1; });
  while (group.live(1) != 0) {
    Result<void> waited = co_await sleep(100us);
    EXPECT_TRUE(waited.has_value());
  }
  for (int i = 0; i < 2; ++i) {
    Client client = co_await connect_and_ask(group.local_address());
    EXPECT_EQ(client.worker, 1u);
    clients.push_back(std::move(client));
  }
}

TEST_P(ListenerGroupPerCoreTest, the_least_loaded_worker_gets_the_next_connection) {
  runtime().block_on(with_group(ServeOptions(PlaceConnections::least_loaded), unbalance));
}

Task<void> talk_by_port(ListenerGroup& group) {
  std::vector<Client> clients = co_await connect_many(group.local_address(), 16);
  for (const Client& client : clients) {
    const std::size_t key = client.stream->local_address().value().port();
    EXPECT_EQ(client.worker, key % worker_count());
  }
}

TEST_P(ListenerGroupPerCoreTest, a_key_says_which_worker_serves_a_peer) {
  ServeOptions options(PlaceConnections::by_key);
  options.key = [](const Address& peer) { return std::size_t{peer.port()}; };
  runtime().block_on(with_group(options, talk_by_port));
}

/// Who is connected is served on; who comes later is refused.
Task<void> stop_accepting_gracefully() {
  Result<ListenerGroup> group = co_await ListenerGroup::bind(Address::loopback(0));
  JoinHandle<std::error_code> serving = spawn(serve_to_the_end(*group));
  {
    Client client = co_await connect_and_ask(group->local_address());
    group->stop_accepting();
    // Until the sockets are closed one may still be served, or be reset in the backlog.
    std::error_code late;
    while (late != std::errc::connection_refused) {
      Result<TcpStream> connected = co_await TcpStream::connect(group->local_address());
      if (!connected) late = connected.error();
    }
    co_await ask(client);
    EXPECT_FALSE(serving.is_done());
  }
  Joined<std::error_code> ended = co_await serving.join();
  EXPECT_EQ(std::move(ended).value(), std::error_code());
}

TEST_P(ListenerGroupTest, a_graceful_stop_serves_those_who_are_connected) {
  runtime().block_on(stop_accepting_gracefully());
}

Task<void> stop_the_server() {
  Result<ListenerGroup> group = co_await ListenerGroup::bind(Address::loopback(0));
  JoinHandle<std::error_code> serving = spawn(serve_to_the_end(*group));
  Client client = co_await connect_and_ask(group->local_address());
  serving.request_stop();
  Joined<std::error_code> ended = co_await serving.join();
  EXPECT_EQ(std::move(ended).value(), std::error_code());
  std::byte byte{};
  Result<std::size_t> end = co_await client.stream->read(std::span(&byte, 1));
  EXPECT_EQ(end.value_or(1), 0u) << "the handler was not stopped";
}

TEST_P(ListenerGroupTest, a_stop_of_the_server_stops_its_handlers) {
  runtime().block_on(stop_the_server());
}

Task<void> serve_or_throw(TcpStream peer) {
  std::byte byte{};
  Result<std::size_t> got = co_await peer.read(std::span(&byte, 1));
  if (got.value_or(0) == 1 && byte == std::byte{1}) throw std::runtime_error("a bad request");
  Result<std::size_t> sent = co_await peer.write(std::span(&byte, 1));
  EXPECT_TRUE(sent.has_value());
}
Task<std::error_code> serve_bad_requests(ListenerGroup& group) {
  Result<void> ended = co_await group.serve(serve_or_throw);
  co_return ended ? std::error_code() : ended.error();
}
Task<std::size_t> send_byte(Address to, std::byte byte) {
  Result<TcpStream> connected = co_await TcpStream::connect(to);
  Result<std::size_t> sent = co_await connected->write(std::span(&byte, 1));
  EXPECT_EQ(sent.value_or(0), 1u);
  Result<std::size_t> got = co_await connected->read(std::span(&byte, 1));
  co_return got.value_or(0);
}
Task<void> fail_one_connection() {
  ServeOptions options(PlaceConnections::round_robin);
  Result<ListenerGroup> group = co_await ListenerGroup::bind(Address::loopback(0), options);
  JoinHandle<std::error_code> serving = spawn(serve_bad_requests(*group));
  std::size_t bad = co_await send_byte(group->local_address(), std::byte{1});
  EXPECT_EQ(bad, 0u);
  std::size_t good = co_await send_byte(group->local_address(), std::byte{0});
  EXPECT_EQ(good, 1u) << "the failure of one connection ended the others";
  group->stop_accepting();
  Joined<std::error_code> ended = co_await serving.join();
  EXPECT_EQ(std::move(ended).value(), std::error_code());
}

TEST_P(ListenerGroupTest, an_exception_ends_its_own_connection_alone) {
  testing::internal::CaptureStderr();
  runtime().block_on(fail_one_connection());
  EXPECT_TRUE(runtime().shutdown().clean());  // Another worker may be about to say what failed.
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a bad request"), std::string::npos);
}

Task<std::error_code> bind_twice() {
  TcpListener taken = TcpListener::bind(Address::loopback(0)).value();
  Result<void> served =
      co_await serve_on_all(taken.local_address().value(), ServeOptions(), tell_worker);
  co_return served ? std::error_code() : served.error();
}

TEST_P(ListenerGroupTest, an_address_that_is_taken_is_the_error_of_serving) {
  EXPECT_EQ(runtime().block_on(bind_twice()), std::errc::address_in_use);
}

}  // namespace
}  // namespace rota::testing_sched
