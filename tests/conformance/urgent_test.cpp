// Out-of-band data: the exceptional condition of sockets.
#include "conformance/conformance.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace rota::conformance {
namespace {

TEST_P(Conformance, urgent_data_wakes_a_poll_for_the_exceptional_condition) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Poll& urgent = poll(near, POLLPRI);
  settle();
  send_all(pair.far.number(), "ordinary");
  settle();
  EXPECT_FALSE(is_back(urgent)) << "ordinary data is no exceptional condition";
  send_urgent(pair.far.number(), "!");
  ASSERT_TRUE(finish(urgent));
  EXPECT_EQ(urgent.result & POLLPRI, POLLPRI);
  EXPECT_EQ(urgent.result & POLLIN, 0) << "only what was asked for is reported";
}

TEST_P(Conformance, the_urgent_byte_is_read_out_of_band) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  send_urgent(pair.far.number(), "ab!");
  Poll& urgent = poll(near, POLLPRI);
  ASSERT_TRUE(finish(urgent));
  Transfer& byte = read(near, 1, op_out_of_band);
  ASSERT_TRUE(finish(byte));
  ASSERT_EQ(byte.result, 1);
  EXPECT_EQ(text(byte), "!");
  EXPECT_EQ(read_all(near, 2), "ab");
}

TEST_P(Conformance, ordinary_reads_stop_at_the_urgent_mark) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  send_urgent(pair.far.number(), "before!");
  send_all(pair.far.number(), "after");
  Poll& urgent = poll(near, POLLPRI);
  ASSERT_TRUE(finish(urgent));
  std::string received;
  while (::sockatmark(near.fd) == 0) {
    Transfer& part = read(near, 64);
    ASSERT_TRUE(finish(part));
    ASSERT_GT(part.result, 0);
    received += text(part);
  }
  EXPECT_EQ(received, "before");
  EXPECT_EQ(read_all(near, 5), "after");
}

TEST_P(Conformance, a_read_parked_behind_the_urgent_mark_is_served) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& first = read(near, 6, op_whole);
  Transfer& second = read(near, 5, op_whole);
  settle();
  send_urgent(pair.far.number(), "before!");
  send_all(pair.far.number(), "after");
  ASSERT_TRUE(finish(first, second));
  EXPECT_EQ(text(first), "before");
  EXPECT_EQ(text(second), "after");
}

TEST_P(Conformance, urgent_data_is_written_out_of_band) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Descriptor& far = adopt(std::move(pair.far));
  Transfer& writing = write(near, "!", op_out_of_band);
  Poll& urgent = poll(far, POLLPRI);
  ASSERT_TRUE(finish(writing, urgent));
  EXPECT_EQ(writing.result, 1);
  Transfer& byte = read(far, 1, op_out_of_band);
  ASSERT_TRUE(finish(byte));
  EXPECT_EQ(text(byte), "!");
}

TEST_P(Conformance, an_out_of_band_read_without_urgent_data_is_refused) {
  FdPair pair = tcp_pair();
  send_all(pair.far.number(), "ordinary");
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& byte = read(near, 1, op_out_of_band);
  ASSERT_TRUE(finish(byte));
  EXPECT_EQ(byte.result, -EINVAL);
  EXPECT_EQ(read_all(near, 8), "ordinary");
}

}  // namespace
}  // namespace rota::conformance
