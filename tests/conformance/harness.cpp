#include "conformance/harness.hpp"

#include "conformance/denied_here.hpp"
#include "core/discard.hpp"
#include "driver/choose.hpp"
#include "driver/message.hpp"
#include "open_fds.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace rota::conformance {
namespace {

/// How often `settle` looks: enough for a driver that needs a few rounds for what the kernel
/// already has, and no proof of anything.
constexpr int kSettleTurns = 4;

std::string take_text(const iovec* parts, std::uint32_t count, std::int32_t result) {
  std::string joined;
  for (std::uint32_t i = 0; i < count; ++i) {
    joined.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  joined.resize(static_cast<std::size_t>(std::max(result, 0)));
  return joined;
}

}  // namespace

std::string Harness::make_driver(const Cell& cell) {
  cell_ = &cell;
  fds_before_ = leaks::open_fds();
  std::vector<Refusal> refused;
  Result<ChosenDriver> chosen = choose_driver(cell.config, &refused);
  if (!chosen) {
    std::string reasons = chosen.error().message();
    for (const Refusal& refusal : refused) {
      reasons += "; " + refusal.mechanism + ": " + refusal.reason;
    }
    return reasons;
  }
  driver_ = std::move(chosen->driver);
  watchdog_ = std::make_unique<Watchdog>(
      *driver_, [this] { std::fprintf(stderr, "the turn never ends%s\n", dump().c_str()); });
  return {};
}

void Harness::settle_accounts() {
  is_settling_ = true;
  for (Descriptor* descriptor : open_) {
    const bool is_open = descriptor->fd >= 0 || descriptor->placed;
    if (is_open) start(plains_.emplace_back(OpCode::close), descriptor);
  }
  std::vector<const Operation*> outstanding;
  for (const auto& [operation, entry] : entries_) {
    if (entry.with_driver) outstanding.push_back(operation);
  }
  for (Stream& stream : streams_) {
    while (!stream.empty()) discard(stream.code, stream.pop());
  }
  const testing::AssertionResult ended = finish_all(outstanding);
  if (!ended) {
    // The kernel may still write into what this case owns: there is no way on from here.
    std::fprintf(stderr, "a driver keeps what it was given:%s\n", dump().c_str());
    std::abort();
  }
  for (Stream& stream : streams_) {
    while (!stream.empty()) discard(stream.code, stream.pop());
    EXPECT_FALSE(stream.armed) << "a stream outlives the close of its descriptor";
  }
  for (Descriptor* descriptor : open_) table_.release(*descriptor);
  open_.clear();
  for (const auto& [operation, entry] : entries_) {
    EXPECT_EQ(operation->state, OpState::idle) << "an operation came back and is not idle";
  }
  EXPECT_EQ(table_.live(), 0u) << "descriptors leaked";
  watchdog_.reset();
  driver_.reset();
  for (Receive& receive : receives_) {
    EXPECT_TRUE(receive.result > 0 || receive.buffer == nullptr) << "a buffer without bytes";
    give_back(receive);  // Loans outlive the driver.
  }
  EXPECT_EQ(leaks::open_fds(), fds_before_) << "fds leaked";
}

Descriptor& Harness::adopt(Fd fd, FdKind kind) {
  const int number = fd.number();
  const bool is_own = kind != FdKind::file && kind != FdKind::shared;
  if (is_own) set_nonblocking(number, driver_->traits().nonblocking_fds);
  Descriptor& descriptor = table_.adopt(fd.release(), kind, nullptr);
  open_.push_back(&descriptor);
  return descriptor;
}

Descriptor& Harness::adopt_accepted(const Operation& accept) {
  Descriptor& descriptor = table_.adopt(-1, FdKind::socket, nullptr);
  open_.push_back(&descriptor);
  own_accepted(descriptor, accept);
  return descriptor;
}

std::int32_t Harness::close(Descriptor& descriptor) {
  const Operation& closing = start_close(descriptor);
  EXPECT_TRUE(finish(closing));
  release(descriptor);
  return closing.result;
}

void Harness::release(Descriptor& descriptor) {
  std::erase(open_, &descriptor);
  table_.release(descriptor);
}

Operation& Harness::start_close(Descriptor& descriptor) {
  return plain(OpCode::close, descriptor);
}

void Harness::restart(Stream& stream) { start(stream, stream.descriptor); }

void Harness::cancel(Operation& operation) {
  ASSERT_TRUE(todo_.empty()) << "only what was given to a turn can be cancelled";
  entries_[&operation].cancelled = true;
  driver_->cancel(operation);
}

void Harness::start(Operation& operation, Descriptor* descriptor) {
  operation.descriptor = descriptor;
  Entry& entry = entries_[&operation];
  ASSERT_FALSE(entry.with_driver) << "started twice";
  entry.with_driver = true;
  if (cell_->way == Way::tried_first && completed_by_trying(operation)) {
    came_back(operation);
    end_case_if_denied(operation);
    return;
  }
  if (put_in_lane(operation)) return;
  todo_.push_back(operation);
}

bool Harness::completed_by_trying(Operation& operation) {
  const bool stream = (operation.flags & op_stream) != 0;
  if (!driver_->traits().tries_first || operation.descriptor == nullptr || stream) return false;
  // A worker tries no accept where a Stream accepts: it is forwarded by the task of another.
  if (operation.descriptor->ahead != nullptr) return false;
  if (!is_plain_message(operation)) return try_other(operation, driver_->counters());
  auto& transfer = static_cast<Transfer&>(operation);
  return operation.code == OpCode::read
             ? try_message<OpCode::read>(*operation.descriptor, transfer)
             : try_message<OpCode::write>(*operation.descriptor, transfer);
}

bool Harness::put_in_lane(Operation& operation) {
  const bool stream = (operation.flags & op_stream) != 0;
  if (!driver_->traits().watches_edges || operation.descriptor == nullptr || stream) return false;
  if (!todo_.empty()) return false;
  if (!is_plain_message(operation)) return false;
  if (!waits_for_edge(*operation.descriptor, operation.code)) return false;
  stand_in_lane(operation, operation.code);
  return true;
}

std::size_t Harness::turn(Deadline until) {
  OpList done;
  driver_->turn(std::exchange(todo_, OpList()), until, done);
  std::vector<const Operation*> returned;
  while (Operation* operation = done.pop_front()) {
    came_back(*operation);
    returned.push_back(operation);
  }
  look_at_streams();
  most_of_one_turn_ = std::max(most_of_one_turn_, returned.size());
  if (!is_settling_) {
    for (const Operation* operation : returned) end_case_if_denied(*operation);
  }
  return returned.size();
}

void Harness::came_back(Operation& operation) {
  watchdog_->arm_again();
  const auto found = entries_.find(&operation);
  ASSERT_NE(found, entries_.end()) << "came back and was never given";
  Entry& entry = found->second;
  ASSERT_TRUE(entry.with_driver) << "came back twice";
  entry.order = ++returned_;
  if ((operation.flags & op_stream) != 0) {
    EXPECT_TRUE(entry.cancelled || !static_cast<Stream&>(operation).empty())
        << "a stream came back with no result";
    return;
  }
  entry.with_driver = false;
  EXPECT_EQ(operation.state, OpState::idle);
}

void Harness::look_at_streams() {
  for (Stream& stream : streams_) {
    Entry& entry = entries_.at(&stream);
    // One that waits to be started is not armed yet.
    if (!entry.with_driver || stream.armed || stream.state == OpState::queued) continue;
    entry.with_driver = false;
    EXPECT_TRUE(entry.cancelled || !stream.empty())
        << "a stream ended and its consumer cannot know it";
    EXPECT_EQ(stream.state, OpState::idle);
  }
}

testing::AssertionResult Harness::turn_until_disarmed(const Stream& stream) {
  constexpr int kTurns = 10'000;
  for (int i = 0; i < kTurns && stream.armed; ++i) turn(in_ns(1'000'000));
  if (stream.armed) return testing::AssertionFailure() << "the stream is still armed";
  return testing::AssertionSuccess();
}

bool Harness::gave_up() {
  if (!watchdog_->barked()) return false;
  watchdog_->forgive();
  return true;
}

testing::AssertionResult Harness::finish_all(const std::vector<const Operation*>& operations) {
  std::size_t next = 0;
  return turn_until([&] {
    while (next < operations.size() && is_back(*operations[next])) ++next;
    return next == operations.size();
  });
}

void Harness::settle() {
  for (int i = 0; i < kSettleTurns; ++i) turn_now();
}

bool Harness::is_back(const Operation& operation) const {
  const auto found = entries_.find(&operation);
  return found != entries_.end() && !found->second.with_driver;
}

std::size_t Harness::order_of(const Operation& operation) const {
  return is_back(operation) ? entries_.at(&operation).order : 0;
}

std::string Harness::text(const Transfer& transfer) {
  return std::string(reinterpret_cast<const char*>(transfer.data),
                     static_cast<std::size_t>(std::max(transfer.result, 0)));
}

std::string Harness::text(const Load& load) {
  return std::string(reinterpret_cast<const char*>(load.data),
                     static_cast<std::size_t>(std::max(load.result, 0)));
}

std::string Harness::text(const VectorTransfer& transfer) {
  return take_text(transfer.parts, transfer.count, transfer.result);
}

std::string Harness::text(const Message& message) {
  return take_text(message.header->msg_iov, 1, message.result);
}

std::string Harness::text(const MessageBatch& batch, std::size_t index) {
  const mmsghdr& one = batch.messages[index];
  return take_text(one.msg_hdr.msg_iov, 1, static_cast<std::int32_t>(one.msg_len));
}

std::string Harness::read_all(Descriptor& from, std::size_t bytes) {
  Transfer& whole = read(from, bytes, op_whole);
  EXPECT_TRUE(finish(whole));
  EXPECT_GE(whole.result, 0) << std::strerror(-whole.result);
  return text(whole);
}

std::string Harness::dump() const {
  std::ostringstream out;
  for (const auto& [operation, entry] : entries_) {
    if (!entry.with_driver) continue;
    out << "\n  in flight: code " << static_cast<int>(operation->code) << ", fd "
        << (operation->descriptor != nullptr ? operation->descriptor->fd : -1) << ", state "
        << static_cast<int>(operation->state) << ", flags " << static_cast<int>(operation->flags)
        << (operation->stopping ? ", cancel was asked for" : "");
  }
  return out.str();
}

}  // namespace rota::conformance
