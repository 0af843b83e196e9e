// Nothing of a closed fd reaches whoever gets its number, or its file, next.
#include "conformance/conformance.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <cerrno>

namespace rota::conformance {
namespace {

/// A pair whose near end has exactly this fd number.
FdPair pair_at(int number) {
  FdPair pair = tcp_pair();
  if (pair.near.number() == number) return pair;
  Fd moved(::dup3(pair.near.number(), number, O_CLOEXEC));
  pair.near = std::move(moved);
  return pair;
}

TEST_P(Conformance, a_reused_number_gets_nothing_of_the_fd_before_it) {
  FdPair old = tcp_pair();
  Descriptor& before = adopt(std::move(old.near));
  const int number = before.fd;
  Transfer& parked = read(before, 8);
  settle();
  Operation& closing = start_close(before);
  ASSERT_TRUE(finish(parked, closing));
  release(before);

  FdPair fresh = pair_at(number);
  Descriptor& after = adopt(std::move(fresh.near));
  ASSERT_EQ(after.fd, number);
  Transfer& reading = read(after, 3, op_whole);
  Poll& ended = poll(after, POLLRDHUP);
  settle();
  EXPECT_FALSE(is_back(reading));
  EXPECT_FALSE(is_back(ended));
  send_all(fresh.far.number(), "new");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "new");
  EXPECT_FALSE(is_back(ended)) << "the end of the old connection is not the new one's";
}

TEST_P(Conformance, an_event_that_nobody_collected_dies_with_its_fd) {
  for (int round = 0; round < 20; ++round) {
    FdPair old = tcp_pair();
    Descriptor& before = adopt(std::move(old.near));
    const int number = before.fd;
    Transfer& parked = read(before, 8);
    turn_now();
    // The arrival is in the kernel's list of events and the close is under way at once.
    send_all(old.far.number(), "old data");
    Operation& closing = start_close(before);
    ASSERT_TRUE(finish(parked, closing));
    EXPECT_TRUE(parked.result == -ECANCELED || parked.result > 0) << parked.result;
    release(before);
    FdPair fresh = pair_at(number);
    Descriptor& after = adopt(std::move(fresh.near));
    Transfer& reading = read(after, 8);
    settle();
    EXPECT_FALSE(is_back(reading)) << "round " << round;
    send_all(fresh.far.number(), "n");
    ASSERT_TRUE(finish(reading));
    EXPECT_EQ(text(reading), "n");
    close(after);
  }
}

TEST_P(Conformance, many_fds_closed_and_replaced_in_one_batch_do_not_mix) {
  std::vector<FdPair> old;
  std::vector<Descriptor*> before;
  std::vector<const Operation*> gone;
  for (int i = 0; i < 16; ++i) {
    old.push_back(tcp_pair());
    before.push_back(&adopt(std::move(old.back().near)));
    gone.push_back(&read(*before.back(), 8));
  }
  settle();
  for (FdPair& pair : old) send_all(pair.far.number(), "old");
  for (Descriptor* descriptor : before) gone.push_back(&start_close(*descriptor));
  ASSERT_TRUE(finish_all(gone));
  for (Descriptor* descriptor : before) release(*descriptor);

  std::vector<FdPair> fresh;
  std::vector<const Operation*> reads;
  for (int i = 0; i < 16; ++i) {
    fresh.push_back(tcp_pair());
    reads.push_back(&read(adopt(std::move(fresh.back().near)), 8));
  }
  settle();
  for (const Operation* reading : reads) EXPECT_FALSE(is_back(*reading));
  for (FdPair& pair : fresh) send_all(pair.far.number(), "n");
  ASSERT_TRUE(finish_all(reads));
  for (const Operation* reading : reads) {
    EXPECT_EQ(text(static_cast<const Transfer&>(*reading)), "n");
  }
}

TEST_P(Conformance, a_dup_that_stays_open_causes_no_event_after_the_close) {
  FdPair pair = tcp_pair();
  const Fd kept(::fcntl(pair.near.number(), F_DUPFD_CLOEXEC, 0));
  Descriptor& near = adopt(std::move(pair.near));
  const int number = near.fd;
  Transfer& parked = read(near, 8);
  settle();
  EXPECT_EQ(close(near), 0);
  EXPECT_EQ(parked.result, -ECANCELED);
  FdPair fresh = pair_at(number);
  Descriptor& after = adopt(std::move(fresh.near));
  Transfer& reading = read(after, 8);
  settle();
  send_all(pair.far.number(), "stale");
  const Deadline until = in_ns(2'000'000);
  EXPECT_EQ(turn(until), 0u);
  EXPECT_TRUE(until.passed(driver().now())) << "an event of the closed fd ended the turn";
  EXPECT_FALSE(is_back(reading));
  EXPECT_EQ(receive(kept.number(), 5), "stale") << "the data belongs to the dup";
}

TEST_P(Conformance, two_descriptors_of_one_file_are_told_apart) {
  FdPair pair = tcp_pair();
  Fd second(::fcntl(pair.near.number(), F_DUPFD_CLOEXEC, 0));
  Descriptor& one = adopt(std::move(pair.near));
  Descriptor& other = adopt(std::move(second));
  Transfer& mine = read(one, 8);
  Poll& seen = poll(other, POLLIN);
  settle();
  EXPECT_EQ(close(one), 0);
  EXPECT_EQ(mine.result, -ECANCELED);
  EXPECT_FALSE(is_back(seen));
  send_all(pair.far.number(), "x");
  ASSERT_TRUE(finish(seen));
  EXPECT_EQ(seen.result, POLLIN);
  EXPECT_EQ(read_all(other, 1), "x");
}

/// A child process that holds every fd of this one until it is told to end.
class HoldingChild {
 public:
  HoldingChild() : order_(pipe_pair()), child_(::fork()) {
    if (child_ != 0) return;
    order_.far.reset();
    char byte = 0;
    while (::read(order_.near.number(), &byte, 1) < 0 && errno == EINTR) {
    }
    ::_exit(0);
  }
  ~HoldingChild() { EXPECT_EQ(end(), 0); }
  HoldingChild(const HoldingChild&) = delete;
  HoldingChild& operator=(const HoldingChild&) = delete;

 private:
  /// Its exit status.
  int end() {
    order_.far.reset();
    int status = -1;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

  FdPair order_;
  pid_t child_;
};

TEST_P(Conformance, a_forked_child_that_holds_the_fd_causes_no_event_after_the_close) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  const int number = near.fd;
  Transfer& parked = read(near, 8);
  settle();
  const HoldingChild child;
  EXPECT_EQ(close(near), 0);
  EXPECT_EQ(parked.result, -ECANCELED);
  FdPair fresh = pair_at(number);
  Descriptor& after = adopt(std::move(fresh.near));
  Transfer& reading = read(after, 8);
  settle();
  send_all(pair.far.number(), "stale");
  const Deadline until = in_ns(2'000'000);
  EXPECT_EQ(turn(until), 0u);
  EXPECT_TRUE(until.passed(driver().now())) << "an event of the closed fd ended the turn";
  EXPECT_FALSE(is_back(reading));
  send_all(fresh.far.number(), "n");
  ASSERT_TRUE(finish(reading));
  EXPECT_EQ(text(reading), "n");
}

TEST_P(Conformance, a_forked_child_that_does_nothing_does_not_disturb_its_parent) {
  FdPair pair = tcp_pair();
  Descriptor& near = adopt(std::move(pair.near));
  Transfer& parked = read(near, 4, op_whole);
  settle();
  {
    const HoldingChild child;
    send_all(pair.far.number(), "with");
    ASSERT_TRUE(finish(parked));
    EXPECT_EQ(text(parked), "with");
  }
  Transfer& after = read(near, 4, op_whole);
  settle();
  EXPECT_FALSE(is_back(after)) << "the end of the child is not the end of the connection";
  send_all(pair.far.number(), "left");
  ASSERT_TRUE(finish(after));
  EXPECT_EQ(text(after), "left");
}

}  // namespace
}  // namespace rota::conformance
