// The buffers of a ring that messages share, and who holds them.
#include "core/discard.hpp"
#include "driver/driver_rig.hpp"
#include "driver/lender.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

/// A connection with a Stream that is armed.
struct Ahead {
  Descriptor* descriptor = nullptr;
  Fd far;
  std::array<StreamResult, 8> ring;
  Stream stream{OpCode::read, ring};
};

class UringAhead : public testing::Test {
 protected:
  void SetUp() override {
    auto driver = made(request_of(RingProfile::pinned, 64, 256));
    const bool shares = driver->ring().can(ring_shares_buffers);
    rig_.emplace(std::move(driver));
    if (!shares) GTEST_SKIP() << "no message shares a buffer before Linux 6.16";
    for (Ahead& each : connections_) {
      SocketPair pair = SocketPair::blocking_unix();
      each.descriptor = &rig_->adopt(std::move(pair.near));
      each.descriptor->ahead = &each.stream;
      each.far = std::move(pair.far);
      rig_->give(each.stream, each.descriptor);
    }
    rig_->turn(Deadline::now());
  }
  void TearDown() override {
    for (Ahead& each : connections_) {
      if (each.descriptor == nullptr) continue;
      EXPECT_EQ(rig_->close(*each.descriptor), 0);
      while (!each.stream.empty()) discard(OpCode::read, each.stream.pop());
    }
  }

  StreamResult received(Ahead& connection, std::string_view message) {
    connection.far.send(message);
    while (connection.stream.empty()) rig_->turn();
    const StreamResult came = connection.stream.pop();
    EXPECT_EQ(text_of(came), message);
    return came;
  }
  static std::string text_of(const StreamResult& came) {
    if (came.lease == nullptr) return {};
    return std::string(reinterpret_cast<const char*>(came.lease->memory) + came.offset,
                       static_cast<std::size_t>(came.result));
  }
  /// Whether it is among all that the lender has left.
  bool can_be_lent(const LentBuffer& buffer) {
    Lender& lender = *rig_->driver().lender();
    std::vector<LentBuffer*> all;
    while (LentBuffer* each = lender.lend_numbered(LentSize::large)) all.push_back(each);
    const bool found = std::ranges::find(all, &buffer) != all.end();
    for (LentBuffer* each : all) give_back(*each);
    return found;
  }

  std::optional<DriverRig> rig_;
  std::array<Ahead, 2> connections_;
};

TEST_F(UringAhead, messages_of_several_connections_lie_side_by_side_in_one_buffer) {
  const StreamResult first = received(connections_[0], "one");
  const StreamResult second = received(connections_[1], "two");
  EXPECT_EQ(second.lease, first.lease);
  EXPECT_EQ(second.offset, first.offset + 3);
  EXPECT_EQ(text_of(first), "one");
  give_back(*first.lease);
  give_back(*second.lease);
}

/// The ring, which still fills it, is one of them.
TEST_F(UringAhead, a_buffer_is_lent_again_when_the_last_of_its_holders_has_given_it_back) {
  const StreamResult first = received(connections_[0], "first");
  LentBuffer& buffer = *first.lease;
  const StreamResult second = received(connections_[0], "second");
  const std::string filling(buffer.bytes - second.offset - 6, 'x');
  std::thread([&] { give_back(buffer); }).join();
  ASSERT_EQ(buffer.holders.load(MemoryOrder::relaxed), 2u);
  const StreamResult last = received(connections_[0], filling);
  ASSERT_EQ(last.lease, &buffer);
  EXPECT_EQ(buffer.holders.load(MemoryOrder::relaxed), 2u) << "the ring has used it up";
  give_back(buffer);
  EXPECT_FALSE(can_be_lent(buffer));
  std::thread([&] { give_back(buffer); }).join();
  EXPECT_TRUE(can_be_lent(buffer));
}

}  // namespace
}  // namespace rota
