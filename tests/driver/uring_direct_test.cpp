// Connections that have a place in the ring and no number: that there really is none, how many
// there can be, and that no place is lost.
#include "driver/driver_rig.hpp"
#include "driver/lender.hpp"
#include "driver/ring_rig.hpp"
#include "driver/ring_tables.hpp"
#include "open_fds.hpp"
#include "sched/runtime_core.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::kept_in_rings;
using testing_sockets::Listener;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::TemporaryFile;

struct DirectCase {
  const char* name;
  RingRequest request;
};

RingRequest with_few_abilities() {
  RingRequest request = request_of(RingProfile::pinned, 256, 4096);
  request.withheld_abilities = ring_lends | ring_cancels_by_fd | ring_accepts_multishot;
  return request;
}

std::vector<DirectCase> direct_cases() {
  return {
      {"pinned", request_of(RingProfile::pinned, 256, 4096)},
      {"movable", request_of(RingProfile::movable, 256, 4096)},
      {"sqpoll", request_of(RingProfile::sqpoll, 256, 4096)},
      {"pinned_tiny", request_of(RingProfile::pinned, 2, 4)},
      {"with_few_abilities", with_few_abilities()},
  };
}

/// What RLIMIT_NOFILE says meanwhile.
class LowLimit {
 public:
  explicit LowLimit(rlim_t most) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{most, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  }
  ~LowLimit() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  LowLimit(const LowLimit&) = delete;
  LowLimit& operator=(const LowLimit&) = delete;

 private:
  rlimit before_{};
};

/// So many connections have a place, as far as the kernel tells.
void expect_kept(std::size_t connections) {
  EXPECT_EQ(kept_in_rings("UserFiles:").value_or(connections), connections);
}

struct Connected {
  Descriptor* near = nullptr;
  Fd far;
};

class UringDirect : public testing::TestWithParam<DirectCase> {
 protected:
  void SetUp() override {
    use(GetParam().request);
    if (!rig().driver().traits().gives_places) {
      GTEST_SKIP() << "this kernel's ring gives no places";
    }
  }
  void TearDown() override { close_all(); }

  void use(const RingRequest& request) {
    close_all();
    rig_ = std::make_unique<DriverRig>(made(request));
    listener_ = &rig().adopt(Fd(::dup(socket_.number())));
  }
  DriverRig& rig() { return *rig_; }
  Descriptor& listener() { return *listener_; }
  [[nodiscard]] Fd connect() const { return socket_.connect_client(); }

  void run(Operation& operation, Descriptor& descriptor) {
    const std::size_t before = rig().returned();
    rig().give(operation, &descriptor);
    rig().turn_until_returned(before + 1);
  }
  std::int32_t result_of(Operation&& operation, Descriptor& descriptor) {
    run(operation, descriptor);
    return operation.result;
  }
  /// Makes a connection and accepts it.
  Connected& accept() {
    Connected& made = connections_.emplace_back();
    made.far = connect();
    Operation accepting(OpCode::accept);
    accepting.flags = op_wants_place;
    run(accepting, listener());
    EXPECT_GE(accepting.result, 0);
    made.near = &rig().adopt(accepting);
    return made;
  }
  void expect_to_talk(Connected& connection) {
    connection.far.send("x");
    std::byte byte{};
    EXPECT_EQ(result_of(Transfer(OpCode::read, &byte, 1), *connection.near), 1);
    EXPECT_EQ(result_of(Transfer(OpCode::write, &byte, 1), *connection.near), 1);
    EXPECT_EQ(connection.far.receive_some(8), 1u);
  }
  void expect_that_all_talk() {
    for (Connected& each : connections_) expect_to_talk(each);
  }
  /// Of every connection, into buffers of which there are few.
  std::deque<Receive> start_large_receives() {
    std::deque<Receive> receives(connections_.size());
    for (std::size_t i = 0; i < receives.size(); ++i) {
      connections_[i].near->receives_much = true;
      receives[i].lender = rig().driver().lender();
      rig().give(receives[i], connections_[i].near);
    }
    return receives;
  }
  std::deque<Connected>& connections() { return connections_; }
  void close_connections() {
    for (Connected& each : connections_) {
      EXPECT_EQ(rig().close(*each.near), 0);
      EXPECT_EQ(each.far.receive_some(8), 0u);
    }
    connections_.clear();
  }
  void close_all() {
    if (rig_ == nullptr) return;
    close_connections();
    EXPECT_EQ(rig().close(listener()), 0);
    rig_.reset();
  }
  /// How many of so many connections had a place.
  std::size_t accept_placed(std::size_t count) {
    std::size_t placed = 0;
    for (std::size_t i = 0; i < count; ++i) placed += accept().near->placed ? 1 : 0;
    return placed;
  }

 private:
  Listener socket_;
  std::unique_ptr<DriverRig> rig_;
  Descriptor* listener_ = nullptr;
  std::deque<Connected> connections_;
};

INSTANTIATE_TEST_SUITE_P(Rings, UringDirect, testing::ValuesIn(direct_cases()),
                         [](const auto& ring) { return std::string(ring.param.name); });

TEST_P(UringDirect, no_number_is_used) {
  constexpr std::size_t kConnections = 40;
  const std::size_t before = leaks::open_fds();
  EXPECT_EQ(accept_placed(kConnections), kConnections);
  // The other end of each has one.
  EXPECT_EQ(leaks::open_fds(), before + kConnections);
  expect_kept(kConnections);
  expect_that_all_talk();
  close_connections();
  EXPECT_EQ(leaks::open_fds(), before);
  expect_kept(0);
}

TEST_P(UringDirect, what_finds_no_place_has_a_number) {
  constexpr std::uint32_t kRoom = 4;
  {
    const LowLimit limit(UringFileTable::kPlaces + kRoom);
    accept();
  }
  EXPECT_EQ(accept_placed(6), kRoom - 1);
  expect_that_all_talk();
  close_connections();
  EXPECT_EQ(accept_placed(6), kRoom) << "places of what was closed are given out again";
  expect_that_all_talk();
}

/// The kernel refuses the one table, and the other has room for files alone.
TEST_P(UringDirect, a_low_limit_leaves_connections_to_their_numbers) {
  for (const rlim_t most : {UringFileTable::kPlaces - 1, UringFileTable::kPlaces}) {
    use(GetParam().request);
    {
      const LowLimit limit(most);
      accept();
    }
    EXPECT_EQ(accept_placed(3), 0u);
    EXPECT_FALSE(connections().front().near->placed);
    expect_that_all_talk();
  }
}

TEST_P(UringDirect, an_older_kernel_gives_numbers) {
  for (const KernelRelease release : {KernelRelease{6, 13}, KernelRelease{6, 7}}) {
    RingRequest request = GetParam().request;
    request.as_kernel = release;
    use(request);
    EXPECT_FALSE(rig().driver().traits().gives_places);
    EXPECT_EQ(accept_placed(2), 0u);
    expect_that_all_talk();
  }
}

TEST_P(UringDirect, where_descriptors_move_connections_have_numbers) {
  RuntimeCore core;
  Worker worker(core, rig().driver());
  rig().driver().share(worker);
  EXPECT_FALSE(rig().driver().traits().gives_places);
  EXPECT_EQ(accept_placed(2), 0u);
  expect_that_all_talk();
}

TEST_P(UringDirect, accepts_that_are_cancelled_and_those_that_fail_keep_no_place) {
  constexpr std::uint32_t kRoom = 3;
  {
    const LowLimit limit(UringFileTable::kPlaces + kRoom);
    accept();
  }
  for (int i = 0; i < 10; ++i) {
    Operation waits(OpCode::accept);
    waits.flags = op_wants_place;
    rig().give(waits, &listener());
    rig().turn(Deadline::now());
    rig().driver().cancel(waits);
    while (waits.state != OpState::idle) rig().turn();
    EXPECT_EQ(waits.result, -ECANCELED);
  }
  Descriptor& deaf = rig().adopt(Fd::tcp_socket());
  for (int i = 0; i < 10; ++i) {
    Operation fails(OpCode::accept);
    fails.flags = op_wants_place;
    run(fails, deaf);
    EXPECT_EQ(fails.result, -EINVAL);
  }
  EXPECT_EQ(rig().close(deaf), 0);
  EXPECT_EQ(accept_placed(4), kRoom - 1);
}

TEST_P(UringDirect, a_cancel_that_meets_a_connection_loses_neither_it_nor_its_place) {
  for (int i = 0; i < 30; ++i) {
    Operation waits(OpCode::accept);
    waits.flags = op_wants_place;
    rig().give(waits, &listener());
    rig().turn(Deadline::now());
    Connected& made = connections().emplace_back();
    made.far = connect();
    rig().driver().cancel(waits);
    while (waits.state != OpState::idle) rig().turn();
    if (waits.result < 0) {
      EXPECT_EQ(waits.result, -ECANCELED);
      EXPECT_EQ(waits.result_flags, 0);
      waits.flags = op_wants_place;
      waits.stopping = false;
      run(waits, listener());
    }
    made.near = &rig().adopt(waits);
    EXPECT_TRUE(made.near->placed);
  }
  expect_that_all_talk();
  expect_kept(connections().size());
}

TEST_P(UringDirect, files_and_connections_have_places_of_their_own) {
  TemporaryFile file;
  Descriptor& often = rig().adopt(Fd(::open(file.path().c_str(), O_RDWR | O_CLOEXEC)),
                                  FdKind::file);
  Connected& connection = accept();
  std::byte byte{'x'};
  for (int i = 0; i <= UringFileTable::kUsesBefore; ++i) {
    EXPECT_EQ(result_of(Transfer(OpCode::write_at, &byte, 1), often), 1);
  }
  EXPECT_GE(often.driver_index, 0);
  EXPECT_LT(often.driver_index, static_cast<std::int32_t>(UringFileTable::kPlaces));
  EXPECT_GE(connection.near->driver_index, static_cast<std::int32_t>(UringFileTable::kPlaces));
  EXPECT_EQ(rig().close(often), 0);
  expect_to_talk(connection);
}

TEST_P(UringDirect, what_needs_a_number_is_refused) {
  Descriptor& placed = *accept().near;
  std::byte byte{};
  iovec part{&byte, 1};
  mmsghdr batch{};
  batch.msg_hdr.msg_iov = &part;
  batch.msg_hdr.msg_iovlen = 1;
  EXPECT_EQ(result_of(Poll(POLLIN), placed), -EBADF);
  EXPECT_EQ(result_of(MessageBatch(OpCode::receive_batch, &batch, 1, 0), placed), -EBADF);
  EXPECT_EQ(result_of(Splice(OpCode::splice_in, -1, 1), placed), -EBADF);
  EXPECT_EQ(result_of(Operation(OpCode::sync), placed), -EBADF);
  EXPECT_EQ(result_of(Transfer(OpCode::read_at, &byte, 1), placed), -EBADF);
  EXPECT_EQ(result_of(Transfer(OpCode::write_at, &byte, 1), placed), -EBADF);
  EXPECT_EQ(result_of(Operation(OpCode::accept), placed), -EBADF);
  StreamResult results[2];
  Stream stream(OpCode::accept, results);
  run(stream, placed);
  EXPECT_EQ(stream.pop().result, -EBADF);
  expect_to_talk(connections().front());
}

TEST_P(UringDirect, an_install_that_finds_no_number_changes_nothing) {
  Connected& connection = accept();
  {
    const Fd lowest(::dup(0));
    const LowLimit limit(static_cast<rlim_t>(lowest.number()));
    EXPECT_EQ(result_of(Operation(OpCode::install), *connection.near), -EMFILE);
  }
  EXPECT_TRUE(connection.near->placed);
  expect_to_talk(connection);
  EXPECT_GE(result_of(Operation(OpCode::install), *connection.near), 0);
  EXPECT_FALSE(connection.near->placed);
  expect_kept(0);
  expect_to_talk(connection);
}

TEST_P(UringDirect, the_place_of_what_was_installed_is_given_out_again) {
  constexpr std::uint32_t kRoom = 2;
  {
    const LowLimit limit(UringFileTable::kPlaces + kRoom);
    accept();
  }
  for (int i = 0; i < 10; ++i) {
    Connected& connection = i == 0 ? connections().front() : accept();
    ASSERT_TRUE(connection.near->placed) << "connection " << i;
    EXPECT_GE(result_of(Operation(OpCode::install), *connection.near), 0);
  }
  expect_that_all_talk();
}

TEST_P(UringDirect, more_receives_than_there_are_buffers_get_bytes_at_once) {
  constexpr std::size_t kConnections = most_kept(LentSize::large) + 20;
  EXPECT_EQ(accept_placed(kConnections), kConnections);
  std::deque<Receive> receives = start_large_receives();
  const std::size_t before = rig().returned();
  rig().turn(Deadline::now());
  for (Connected& each : connections()) each.far.send("hello");
  rig().turn_until_returned(before + kConnections);
  std::size_t singles = 0;
  for (Receive& each : receives) {
    ASSERT_EQ(each.result, 5);
    ASSERT_NE(each.buffer, nullptr);
    singles += each.buffer->single ? 1 : 0;
    give_back(*std::exchange(each.buffer, nullptr));
  }
  EXPECT_GE(singles, 20u);
}

TEST_P(UringDirect, closes_end_receives_that_found_no_buffer) {
  constexpr std::size_t kConnections = most_kept(LentSize::large) + 20;
  EXPECT_EQ(accept_placed(kConnections), kConnections);
  std::deque<Receive> receives = start_large_receives();
  rig().turn(Deadline::now());
  for (Connected& each : connections()) each.far.send("x");
  for (Connected& each : connections()) EXPECT_EQ(rig().close(*each.near), 0);
  connections().clear();
  for (Receive& each : receives) {
    EXPECT_EQ(each.result == 1, each.buffer != nullptr) << each.result;
    if (each.buffer != nullptr) give_back(*std::exchange(each.buffer, nullptr));
  }
  expect_kept(0);
}

/// The kernel cancels what was submitted by a thread that ends.
TEST_P(UringDirect, an_accept_outlives_the_thread_that_submitted_it) {
  if (!rig().driver().traits().any_carrier) GTEST_SKIP() << "this ring has a single issuer";
  const std::size_t before = rig().returned();
  Operation waits(OpCode::accept);
  waits.flags = op_wants_place;
  rig().give(waits, &listener());
  std::thread([&] { rig().turn(Deadline::now()); }).join();
  Connected& connection = connections().emplace_back();
  connection.far = connect();
  rig().turn_until_returned(before + 1);
  connection.near = &rig().adopt(waits);
  EXPECT_TRUE(connection.near->placed);
  expect_to_talk(connection);
}

}  // namespace
}  // namespace rota
