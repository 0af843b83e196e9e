#pragma once

#include "conformance/cell.hpp"
#include "conformance/fd.hpp"
#include "conformance/sockets.hpp"
#include "conformance/watchdog.hpp"
#include "core/descriptor.hpp"
#include "core/descriptor_table.hpp"
#include "driver/driver.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rota::conformance {

/// The operands of a PathChange. `to` is the folder from which `other` starts: by default that of
/// the process. `resolve` confines both paths.
struct PathWish {
  PathAction action;
  std::string path = {};
  std::string other = {};
  Descriptor* to = nullptr;
  std::uint64_t number = 0;
  std::uint64_t resolve = 0;
  void* memory = nullptr;
  bool follows = true;
};

/// Stands where the worker will stand: owns a Driver, gives it operations and takes them back.
///
/// It owns every operation and every buffer too, so that a case which fails half-way leaves no
/// memory behind that the kernel still writes into. What a driver owes of *each* operation is
/// checked here and not in the cases: it comes back exactly once, idle, and nothing that was not
/// given comes back.
class Harness {
 public:
  Harness() = default;
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  /// The reason why this cell cannot run here; empty when it can.
  std::string make_driver(const Cell& cell);
  /// Ends and closes everything, then holds the ledger against its beginning.
  void settle_accounts();

  Driver& driver() { return *driver_; }
  bool has_driver() const { return driver_ != nullptr; }
  const Cell& cell() const { return *cell_; }

  // Descriptors. `adopt` sets or clears O_NONBLOCK as the driver asks.
  Descriptor& adopt(Fd fd, FdKind kind = FdKind::socket);
  /// What an accept came back with, a number or a place.
  Descriptor& adopt_accepted(const Operation& accept);
  /// Closes through the driver and waits; the close's result.
  std::int32_t close(Descriptor& descriptor);
  /// Gives the Descriptor's place back; for one whose close the case itself awaited.
  void release(Descriptor& descriptor);

  // Operations. Each is made, and started in the cell's way.
  Transfer& read(Descriptor& from, std::size_t bytes, std::uint8_t flags = 0);
  Transfer& write(Descriptor& to, std::string_view bytes, std::uint8_t flags = 0);
  Transfer& write_in_place(Descriptor& to, std::string_view bytes, std::uint8_t flags = 0);
  Transfer& read_at(Descriptor& from, std::size_t bytes, std::uint64_t offset);
  Transfer& write_at(Descriptor& to, std::string_view bytes, std::uint64_t offset);
  /// With memory of the case's own.
  Transfer& move_at(OpCode code, Descriptor& file, std::span<std::byte> memory,
                    std::uint64_t offset);
  /// Into parts of these sizes; `text` yields them joined.
  VectorTransfer& read_parts(OpCode code, Descriptor& from,
                             std::initializer_list<std::size_t> sizes, std::uint64_t offset = 0);
  VectorTransfer& write_parts(OpCode code, Descriptor& to,
                              std::initializer_list<std::string_view> parts,
                              std::uint64_t offset = 0);
  /// The harness gives the buffer back, at the latest when the case ends.
  Receive& receive_lent(Descriptor& from);
  void give_back(Receive& receive);
  Poll& poll(Descriptor& descriptor, std::uint32_t events);
  Operation& accept(Descriptor& listener);
  /// A place does as well as a number.
  Operation& accept_placed(Descriptor& listener);
  ShutDown& shut_down(Descriptor& socket, int how);
  Stream& accept_stream(Descriptor& listener, std::size_t ring);
  /// Of bytes, ahead of whoever reads them.
  Stream& read_stream(Descriptor& from, std::size_t ring);
  Connect& connect(Descriptor& socket, const sockaddr_in& address);
  /// A message with one part; a receive asks for the sender, and for what goes beside the bytes as
  /// far as it has room for it.
  Message& receive_message(Descriptor& from, std::size_t bytes, std::size_t control_bytes = 0);
  Message& send_message(Descriptor& to, std::string_view bytes,
                        const sockaddr_in* address = nullptr);
  /// It does not wait for room.
  Message& send_at_once(Descriptor& to, std::string_view bytes);
  /// With this fd beside the bytes.
  Message& send_fd(Descriptor& to, std::string_view bytes, int passed);
  /// Every message has one part of so many bytes.
  MessageBatch& receive_batch(Descriptor& from, std::size_t count, std::size_t bytes_each);
  MessageBatch& send_batch(Descriptor& to, std::initializer_list<std::string_view> messages);
  Splice& splice(OpCode code, Descriptor& end, int pipe, std::uint32_t bytes,
                 std::int64_t offset = -1);
  CopyRange& copy_range(Descriptor& from, int to, std::uint32_t bytes, std::uint64_t offset,
                        std::uint64_t target_offset);
  Operation& plain(OpCode code, Descriptor& descriptor);
  Truncate& truncate(Descriptor& file, std::uint64_t bytes);
  Stat& stat(Descriptor& file, struct statx& into);
  Open& open(const std::string& path, int flags, std::uint32_t mode = 0600);
  // From a folder on; from the process's directory where there is none.
  Open& open_from(Descriptor* folder, const std::string& path, int flags, std::uint32_t mode = 0,
                  std::uint64_t resolve = 0);
  Load& load(Descriptor* folder, const std::string& path, std::size_t bytes,
             std::uint64_t resolve = 0);
  Stat& stat_from(Descriptor* folder, const std::string& path, struct statx& into,
                  std::uint64_t resolve = 0, bool follows = true);
  PathChange& change(Descriptor* folder, const PathWish& wish);
  Transfer& read_directory(Descriptor& folder, std::size_t bytes);
  FileRange& range(OpCode code, Descriptor& file, int how, std::uint64_t offset,
                   std::uint64_t bytes);
  /// Every byte, and then the sync.
  Transfer& write_durably_at(Descriptor& to, std::string_view bytes, std::uint64_t offset);
  ChildWait& wait_child(Descriptor& pidfd, siginfo_t& into);
  MemoryRange& advise_memory(int how, void* address, std::size_t bytes);
  FutexWait& futex_wait(const void* word, std::uint32_t expected);
  Operation& start_close(Descriptor& descriptor);
  /// Starts a Stream again that the driver disarmed.
  void restart(Stream& stream);
  void cancel(Operation& operation);

  // Turns.
  /// One turn; yields how many operations came back by it.
  std::size_t turn(Deadline until);
  std::size_t turn_now() { return turn(Deadline::now()); }
  Deadline in_ns(std::int64_t ns) { return Deadline::at(driver_->now() + Duration(ns)); }
  /// Turns until these are back; a failure when nothing moves any more.
  template <class... Operations>
  testing::AssertionResult finish(const Operations&... operations) {
    const Operation* list[] = {&operations...};
    return finish_all(std::vector<const Operation*>(std::begin(list), std::end(list)));
  }
  testing::AssertionResult finish_all(const std::vector<const Operation*>& operations);
  /// Turns until `reached` holds; a failure when nothing moves any more. Without a deadline by
  /// default: a deadline hides a lost wake.
  template <class Condition>
  testing::AssertionResult turn_until(Condition reached, Deadline until = Deadline::never()) {
    const Watch watch(*this);
    while (!reached()) {
      turn(until);
      if (gave_up()) return testing::AssertionFailure() << "nothing moved any more" << dump();
    }
    return testing::AssertionSuccess();
  }
  /// Turns until a stream that nobody drains has stopped by itself. That is no completion, so it
  /// ends no turn, and the driver is looked at again and again instead.
  testing::AssertionResult turn_until_disarmed(const Stream& stream);
  /// Gives what is pending to the driver and looks a few times without sleeping.
  void settle();

  // What came back. A Stream is back when it is not armed any more.
  [[nodiscard]] bool is_back(const Operation& operation) const;
  /// Its place in the order in which operations came back, from 1; 0 when it is not back.
  [[nodiscard]] std::size_t order_of(const Operation& operation) const;
  /// The most that one turn gave back so far.
  [[nodiscard]] std::size_t most_of_one_turn() const { return most_of_one_turn_; }
  /// What a transfer moved into memory, as its result says.
  static std::string text(const Transfer& transfer);
  static std::string text(const Load& load);
  static std::string text(const VectorTransfer& transfer);
  static std::string text(const Message& message);
  static std::string text(const MessageBatch& batch, std::size_t index);
  /// Reads until so many bytes or the end of the stream came; an error is a failure of the case.
  std::string read_all(Descriptor& from, std::size_t bytes);

 private:
  /// What a Message points to.
  struct MessageParts {
    msghdr header{};
    iovec part{};
    sockaddr_storage address{};
  };
  /// What the suite knows of an operation that it started.
  struct Entry {
    bool with_driver = false;
    bool cancelled = false;  ///< who stands behind a Stream may take that result away
    std::size_t order = 0;
  };
  /// The time in which something must move.
  class Watch {
   public:
    explicit Watch(Harness& harness) : watchdog_(*harness.watchdog_) { watchdog_.arm(); }
    ~Watch() { watchdog_.disarm(); }

   private:
    Watchdog& watchdog_;
  };

  void start(Operation& operation, Descriptor* descriptor);
  bool completed_by_trying(Operation& operation);
  bool put_in_lane(Operation& operation);
  void came_back(Operation& operation);
  void look_at_streams();
  bool gave_up();
  MessageParts& message_parts(std::byte* data, std::size_t bytes);
  std::byte* buffer(std::size_t bytes);
  std::byte* buffer(std::string_view bytes);
  [[nodiscard]] std::string dump() const;

  const Cell* cell_ = nullptr;
  std::size_t fds_before_ = 0;
  bool is_settling_ = false;  ///< the case has ended
  std::unique_ptr<Driver> driver_;
  std::unique_ptr<Watchdog> watchdog_;
  DescriptorTable table_;
  std::vector<Descriptor*> open_;
  OpList todo_;
  std::unordered_map<const Operation*, Entry> entries_;
  std::size_t returned_ = 0;
  std::size_t most_of_one_turn_ = 0;

  std::deque<Operation> plains_;
  std::deque<Transfer> transfers_;
  std::deque<Receive> receives_;
  std::deque<VectorTransfer> vectors_;
  std::deque<Poll> polls_;
  std::deque<Connect> connects_;
  std::deque<ShutDown> shut_downs_;
  std::deque<Message> messages_;
  std::deque<MessageParts> message_parts_;
  std::deque<MessageBatch> batches_;
  std::deque<std::vector<mmsghdr>> batch_headers_;
  std::deque<Splice> splices_;
  std::deque<CopyRange> copies_;
  std::deque<Truncate> truncates_;
  std::deque<Stat> stats_;
  std::deque<Open> opens_;
  std::deque<Load> loads_;
  std::deque<PathChange> changes_;
  std::deque<FileRange> ranges_;
  std::deque<ChildWait> child_waits_;
  std::deque<MemoryRange> memory_ranges_;
  std::deque<FutexWait> futex_waits_;
  std::deque<Stream> streams_;
  std::deque<std::unique_ptr<std::byte[]>> buffers_;
  std::deque<std::vector<iovec>> parts_;
  std::deque<std::vector<StreamResult>> rings_;
  std::deque<std::string> paths_;
  std::deque<sockaddr_in> addresses_;
};

}  // namespace rota::conformance
