// An open file that others have too, whose mode is not Rota's to change.
#include "conformance/conformance.hpp"

#include <cerrno>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_shared_pipe_is_read_without_changing_its_mode) {
  FdPair pair = pipe_pair();
  Descriptor& near = adopt(std::move(pair.near), FdKind::shared);
  Transfer& reading = read(near, 16);
  settle();
  EXPECT_FALSE(is_back(reading)) << "there was nothing to read";
  EXPECT_FALSE(is_nonblocking(near.fd));
  send_all(pair.far.number(), "x");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "x");
}

TEST_P(Conformance, a_parked_read_of_a_shared_pipe_is_cancelled_and_loses_nothing) {
  FdPair pair = pipe_pair();
  Descriptor& near = adopt(std::move(pair.near), FdKind::shared);
  Transfer& reading = read(near, 16);
  settle();
  cancel(reading);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -ECANCELED);
  send_all(pair.far.number(), "kept");
  EXPECT_EQ(read_all(near, 4), "kept");
}

TEST_P(Conformance, a_write_of_every_byte_to_a_shared_pipe_waits_for_its_reader) {
  FdPair pair = pipe_pair();
  Descriptor& far = adopt(std::move(pair.far), FdKind::shared);
  const std::string sent = pattern(300'000);
  Transfer& writing = write(far, sent, op_whole);
  settle();
  ASSERT_FALSE(is_back(writing)) << "a pipe holds less";
  EXPECT_FALSE(is_nonblocking(far.fd));
  Descriptor& near = adopt(std::move(pair.near), FdKind::stream);
  Transfer& reading = read(near, sent.size(), op_whole);
  ASSERT_TRUE(finish(reading, writing));
  EXPECT_TRUE(text(reading) == sent);
}

TEST_P(Conformance, a_close_ends_what_waits_on_a_shared_pipe) {
  FdPair pair = pipe_pair();
  Descriptor& near = adopt(std::move(pair.near), FdKind::shared);
  Transfer& reading = read(near, 16);
  settle();
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(reading, closing));
  EXPECT_EQ(reading.result, -ECANCELED);
}

}  // namespace
}  // namespace rota::conformance
