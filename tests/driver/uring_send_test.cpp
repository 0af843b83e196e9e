// Sends without a copy: a connection that the kernel copies anyway is not asked for them for ever.
#include "driver/driver_rig.hpp"
#include "driver/ring_rig.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace rota {
namespace {

using testing_sockets::DriverRig;
using testing_sockets::Fd;
using testing_sockets::made;
using testing_sockets::request_of;
using testing_sockets::SocketPair;

constexpr std::size_t kBytes = 64 * 1024;

class SendInPlace : public testing::Test {
 protected:
  SendInPlace() : rig_(made(request_of(RingProfile::pinned, 64, 256))) {}
  void SetUp() override {
    if (!static_cast<UringDriver&>(rig_.driver()).ring().can(ring_sends_in_place)) {
      GTEST_SKIP() << "sends in place that tell whether they were one need Linux 6.7";
    }
  }

  void send(Descriptor& to, int far) {
    std::thread peer([far] {
      std::vector<char> into(kBytes);
      ::recv(far, into.data(), into.size(), MSG_WAITALL);
    });
    std::vector<std::byte> bytes(kBytes);
    Transfer writing(OpCode::write_in_place, bytes.data(), bytes.size());
    writing.flags = op_whole;
    const std::size_t before = rig_.returned();
    rig_.give(writing, &to);
    rig_.turn_until_returned(before + 1);
    peer.join();
    EXPECT_EQ(writing.result, static_cast<std::int32_t>(kBytes));
  }

  DriverRig rig_;
};

TEST_F(SendInPlace, over_loopback_it_is_given_up_after_some_that_were_copied) {
  testing_sockets::Listener listener;
  Fd client = listener.connect_client();
  Fd server(::accept(listener.number(), nullptr, nullptr));
  Descriptor& to = rig_.adopt(std::move(client));
  send(to, server.number());
  EXPECT_GT(to.copied_sends, 0) << "the loopback interface copies";
  for (int i = 0; i < 5; ++i) send(to, server.number());
  const std::uint8_t given_up = to.copied_sends;
  EXPECT_EQ(rig_.driver().counters().demoted_sends, 1u);
  send(to, server.number());
  EXPECT_EQ(to.copied_sends, given_up);
  EXPECT_EQ(rig_.driver().counters().demoted_sends, 1u);
  EXPECT_EQ(rig_.close(to), 0);
}

TEST_F(SendInPlace, what_has_no_such_send_is_not_asked_twice) {
  SocketPair pair = SocketPair::blocking_unix();
  Descriptor& to = rig_.adopt(std::move(pair.near));
  send(to, pair.far.number());
  EXPECT_GT(to.copied_sends, 0);
  send(to, pair.far.number());
  EXPECT_EQ(rig_.driver().counters().demoted_sends, 1u);
  EXPECT_EQ(rig_.close(to), 0);
}

/// A connection whose peer reads nothing: more than its window is under way, so that what is sent
/// next has its count at once and is let go by nobody.
class SendToNobody : public SendInPlace {
 protected:
  SendToNobody() : bytes_(kBytes), sending_(OpCode::write_in_place, bytes_.data(), kBytes) {
    testing_sockets::Listener listener;
    Fd near = listener.connect_client();
    far_ = Fd(::accept(listener.number(), nullptr, nullptr));
    constexpr int kRoom = 4 << 20;
    ::setsockopt(near.number(), SOL_SOCKET, SO_SNDBUF, &kRoom, sizeof kRoom);
    const std::vector<char> window(256 * 1024);
    ::send(near.number(), window.data(), window.size(), MSG_DONTWAIT);
    to_ = &rig_.adopt(std::move(near));
    sending_.flags = op_whole;
    rig_.give(sending_, to_);
    for (int i = 0; i < 5; ++i) rig_.turn(Deadline::now());
  }

  std::vector<std::byte> bytes_;
  Transfer sending_;
  Fd far_;
  Descriptor* to_ = nullptr;
};

TEST_F(SendToNobody, a_cancel_has_the_bytes_let_go) {
  rig_.driver().cancel(sending_);
  rig_.turn_until_returned(1);
  EXPECT_EQ(rig_.close(*to_), 0);
}

TEST_F(SendToNobody, a_close_has_the_bytes_let_go) {
  EXPECT_EQ(rig_.close(*to_), 0);
  EXPECT_EQ(sending_.state, OpState::idle);
}

}  // namespace
}  // namespace rota
