#pragma once

#include "conformance/conformance.hpp"

#include <netinet/in.h>

#include <utility>

namespace rota::conformance {

/// Connections as an accept that wants a place brings them: with one, or with a number.
class DirectConformance : public Conformance {
 protected:
  /// A connection as an accept that wants a place brought it, and its peer.
  struct Pair {
    Descriptor* near = nullptr;
    Fd far;
  };
  Descriptor& listen() {
    Listener made = tcp_listener(128);
    address_ = made.address;
    return adopt(std::move(made.socket));
  }
  Fd connect_there() { return connect_to(address_); }
  Pair pair() {
    Descriptor& listener = listen();
    Pair made;
    made.far = connect_there();
    const Operation& accepting = accept_placed(listener);
    EXPECT_TRUE(finish(accepting));
    EXPECT_GE(accepting.result, 0);
    EXPECT_EQ(accepting.result_flags == result_is_place, driver().traits().gives_places);
    made.near = &adopt_accepted(accepting);
    EXPECT_EQ(made.near->placed, driver().traits().gives_places);
    return made;
  }
  /// Both sides have each other.
  void expect_to_talk(Descriptor& near, const Fd& far) {
    send_all(far.number(), "ping");
    EXPECT_EQ(read_all(near, 4), "ping");
    const Transfer& answer = write(near, "pong", op_whole);
    EXPECT_TRUE(finish(answer));
    EXPECT_EQ(receive(far.number(), 4), "pong");
  }

 private:
  sockaddr_in address_{};
};

}  // namespace rota::conformance
