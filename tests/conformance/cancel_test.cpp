// A cancel is a request; the result always arrives.
#include "conformance/conformance.hpp"
#include "conformance/temporary_folder.hpp"

#include <fcntl.h>

#include <cerrno>

namespace rota::conformance {
namespace {

TEST_P(Conformance, a_parked_read_is_cancelled_and_takes_nothing) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  cancel(reading);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -ECANCELED);
  send_all(pair.far.number(), "untouched");
  EXPECT_EQ(read_all(near, 9), "untouched");
}

TEST_P(Conformance, cancelling_twice_is_harmless) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  cancel(reading);
  cancel(reading);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -ECANCELED);
  settle();  // a second answer would be noticed as an operation that came back twice
  send_all(pair.far.number(), "x");
  EXPECT_EQ(read_all(near, 1), "x");
}

TEST_P(Conformance, a_cancel_right_after_the_start_is_kept) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  for (int i = 0; i < 50; ++i) {
    Transfer& reading = read(near, 8);
    turn_now();
    if (is_back(reading)) FAIL() << "there is nothing to read";
    cancel(reading);
    ASSERT_TRUE(finish(reading));
    EXPECT_EQ(reading.result, -ECANCELED);
  }
}

TEST_P(Conformance, a_parked_poll_is_cancelled) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Poll& one = poll(near, POLLIN);
  Poll& other = poll(near, POLLIN);
  settle();
  cancel(one);
  ASSERT_TRUE(finish(one));
  EXPECT_EQ(one.result, -ECANCELED);
  EXPECT_FALSE(is_back(other)) << "only the one was cancelled";
  send_all(pair.far.number(), "x");
  ASSERT_TRUE(finish(other));
  EXPECT_EQ(other.result, POLLIN);
}

TEST_P(Conformance, a_cancel_that_races_with_data_loses_none_of_it) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  for (unsigned i = 0; i < 200; ++i) {
    const std::string sent = pattern(1 + i % 7, i);
    Transfer& reading = read(near, sent.size());
    turn_now();
    send_all(pair.far.number(), sent);
    if (i % 2 == 0) turn_now();
    if (!is_back(reading)) cancel(reading);
    ASSERT_TRUE(finish(reading));
    ASSERT_TRUE(reading.result == -ECANCELED || reading.result > 0) << reading.result;
    const std::string early = text(reading);
    const std::size_t rest = sent.size() - early.size();
    ASSERT_EQ(early + (rest != 0 ? read_all(near, rest) : ""), sent) << "round " << i;
  }
}

TEST_P(Conformance, the_second_of_a_lane_is_cancelled_and_the_first_goes_on) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& first = read(near, 3, op_whole);
  Transfer& second = read(near, 3, op_whole);
  Transfer& third = read(near, 3, op_whole);
  settle();
  cancel(second);
  ASSERT_TRUE(finish(second));
  EXPECT_EQ(second.result, -ECANCELED);
  EXPECT_FALSE(is_back(first));
  send_all(pair.far.number(), "onethr");
  ASSERT_TRUE(finish(first, third));
  EXPECT_EQ(text(first), "one");
  EXPECT_EQ(text(third), "thr");
}

TEST_P(Conformance, the_first_of_a_lane_is_cancelled_and_the_second_moves_up) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& first = read(near, 3, op_whole);
  Transfer& second = read(near, 3, op_whole);
  settle();
  cancel(first);
  ASSERT_TRUE(finish(first));
  EXPECT_EQ(first.result, -ECANCELED);
  EXPECT_FALSE(is_back(second));
  send_all(pair.far.number(), "two");
  ASSERT_TRUE(finish(second));
  EXPECT_EQ(text(second), "two");
}

TEST_P(Conformance, a_cancelled_write_leaves_the_lane_to_the_next) {
  FdPair pair = unix_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string filled = fill(near.fd);
  Transfer& first = write(near, "first");
  Transfer& second = write(near, "second", op_whole);
  settle();
  ASSERT_FALSE(is_back(first));
  cancel(first);
  ASSERT_TRUE(finish(first));
  EXPECT_EQ(first.result, -ECANCELED);
  Descriptor& far = adopt(std::move(pair.far));
  EXPECT_TRUE(read_all(far, filled.size() + 6) == filled + "second");
  ASSERT_TRUE(finish(second));
}

TEST_P(Conformance, a_whole_write_that_is_cancelled_reports_exactly_what_it_moved) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const std::string sent = pattern(16 << 20);
  Transfer& writing = write(near, sent, op_whole);
  settle();
  ASSERT_FALSE(is_back(writing)) << "nobody reads";
  // The peer takes a part, so that the write certainly has moved something when it is cancelled.
  const std::string head = receive(pair.far.number(), 1000);
  settle();
  cancel(writing);
  ASSERT_TRUE(finish(writing));
  EXPECT_EQ(writing.result, -ECANCELED);
  ASSERT_GE(writing.moved, 1000u);
  ASSERT_LT(writing.moved, sent.size());
  EXPECT_EQ(close(near), 0);
  const std::string received = head + receive_until_end(pair.far.number());
  EXPECT_EQ(received.size(), writing.moved);
  EXPECT_TRUE(received == sent.substr(0, received.size()));
}

TEST_P(Conformance, a_whole_read_that_is_cancelled_reports_what_it_moved) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 100, op_whole);
  send_all(pair.far.number(), "ten bytes.");
  settle();
  cancel(reading);
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(reading.result, -ECANCELED) << "it asked for every byte";
  const std::string early(reinterpret_cast<const char*>(reading.data), reading.moved);
  const std::size_t rest = 10 - early.size();
  EXPECT_EQ(early + (rest != 0 ? read_all(near, rest) : ""), "ten bytes.");
}

TEST_P(Conformance, cancels_beyond_any_submission_queue_are_all_kept) {
  constexpr std::size_t kOperations = 200;
  constexpr int kFds = 2 * kOperations + 50;  // and some for the driver and the test
  if (highest_fd() < kFds) GTEST_SKIP() << "cannot run: RLIMIT_NOFILE is " << highest_fd();
  std::vector<FdPair> pairs;
  std::vector<Transfer*> reads;
  for (std::size_t i = 0; i < kOperations; ++i) {
    pairs.push_back(unix_pair());
    reads.push_back(&read(adopt(std::move(pairs.back().near)), 8));
  }
  settle();
  for (Transfer* reading : reads) cancel(*reading);
  ASSERT_TRUE(finish_all(std::vector<const Operation*>(reads.begin(), reads.end())));
  for (const Transfer* reading : reads) EXPECT_EQ(reading->result, -ECANCELED);
}

TEST_P(Conformance, cancels_and_new_operations_share_a_full_submission_queue) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  std::vector<Poll*> polls;
  for (int i = 0; i < 100; ++i) polls.push_back(&poll(near, POLLIN));
  settle();
  for (Poll* one : polls) cancel(*one);
  std::vector<const Operation*> all(polls.begin(), polls.end());
  for (int i = 0; i < 100; ++i) all.push_back(&poll(near, POLLOUT));
  ASSERT_TRUE(finish_all(all));
  for (const Poll* one : polls) EXPECT_EQ(one->result, -ECANCELED);
  for (std::size_t i = 100; i < all.size(); ++i) EXPECT_EQ(all[i]->result, POLLOUT);
}

TEST_P(Conformance, a_cancel_before_a_close_ends_once) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& reading = read(near, 8);
  settle();
  cancel(reading);
  Operation& closing = start_close(near);
  ASSERT_TRUE(finish(reading, closing));
  EXPECT_EQ(reading.result, -ECANCELED);
  EXPECT_LT(order_of(reading), order_of(closing));
  settle();
}

TEST_P(Conformance, a_cancelled_file_operation_still_has_a_true_result) {
  constexpr std::size_t kReads = 64;
  constexpr std::size_t kBytes = 4096;
  const TemporaryFolder folder;
  const std::string contents = pattern(kReads * kBytes);
  write_file(folder.file("read"), contents);
  Fd file(::open(folder.file("read").c_str(), O_RDONLY | O_CLOEXEC));
  Descriptor& near = adopt(std::move(file), FdKind::file);
  std::vector<Transfer*> reads;
  for (std::size_t i = 0; i < kReads; ++i) reads.push_back(&read_at(near, kBytes, i * kBytes));
  turn_now();
  for (Transfer* reading : reads) {
    if (!is_back(*reading)) cancel(*reading);
  }
  ASSERT_TRUE(finish_all(std::vector<const Operation*>(reads.begin(), reads.end())));
  for (std::size_t i = 0; i < kReads; ++i) {
    const std::string moved = text(*reads[i]);
    EXPECT_TRUE(reads[i]->result == -ECANCELED || !moved.empty()) << reads[i]->result;
    EXPECT_TRUE(moved == contents.substr(i * kBytes, moved.size())) << "read " << i;
  }
}

}  // namespace
}  // namespace rota::conformance
