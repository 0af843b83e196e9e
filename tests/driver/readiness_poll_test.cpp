#include "driver/readiness_fixture.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <string>

namespace rota::readiness_fixture {
namespace {

using testing_sockets::SocketPair;

/// Waits for some milliseconds with the poll as the only operation, and looks how often the
/// poller came back meanwhile: once to arm, and once at the deadline.
constexpr int kTurnsOfAQuietWait = 3;

TEST_P(Readiness, APollForUrgentDataSleepsThoughDataLiesUnread) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  pair.far.send("unread");
  testing_sockets::wait_for(near.fd, POLLIN);
  Polling urgent(near, POLLPRI);
  start(urgent);
  turn(Deadline::at(driver_->now() + Duration{5'000'000}));
  EXPECT_FALSE(is_back(urgent));
  EXPECT_LE(counts_.turns, kTurnsOfAQuietWait);
  pair.far.send("!", MSG_OOB);
  finish(urgent);
  EXPECT_EQ(urgent.result, POLLPRI);
}

TEST_P(Readiness, APollForRoomSleepsThoughThePeerHasClosedItsHalf) {
  SocketPair pair = SocketPair::blocking_unix();
  Descriptor& near = adopt(pair.near);
  std::string block(4096, 'f');
  while (::send(near.fd, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
  }
  ASSERT_EQ(::shutdown(pair.far.number(), SHUT_WR), 0);
  Polling room(near, POLLOUT);
  start(room);
  turn(Deadline::at(driver_->now() + Duration{5'000'000}));
  EXPECT_FALSE(is_back(room));
  EXPECT_LE(counts_.turns, kTurnsOfAQuietWait);
  pair.far.close();
  finish(room);
}

TEST_P(Readiness, APollForTheEndSleepsThoughDataLiesUnread) {
  SocketPair pair = SocketPair::tcp();
  Descriptor& near = adopt(pair.near);
  pair.far.send("unread");
  testing_sockets::wait_for(near.fd, POLLIN);
  Polling end(near, POLLRDHUP);
  start(end);
  turn(Deadline::at(driver_->now() + Duration{5'000'000}));
  EXPECT_FALSE(is_back(end));
  EXPECT_LE(counts_.turns, kTurnsOfAQuietWait);
  pair.far.close();
  finish(end);
  EXPECT_EQ(end.result, POLLRDHUP);
}

}  // namespace
}  // namespace rota::readiness_fixture
