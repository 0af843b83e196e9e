#pragma once

#include <rota/core/atomic.hpp>
#include <rota/result.hpp>

#include "driver/driver.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/perform.hpp"
#include "driver/refusal.hpp"
#include "driver/uring/bits.hpp"
#include "driver/uring/buffers.hpp"
#include "driver/uring/file_table.hpp"
#include "driver/uring/memory_table.hpp"
#include "driver/uring/request.hpp"
#include "driver/uring/ring.hpp"
#include "driver/uring/shared_buffers.hpp"
#include "driver/uring/spill.hpp"
#include "driver/uring/wake.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// The completion driver: operations are entries of an io_uring, and one io_uring_enter submits
/// and waits.
///
/// 1. `user_data` is the address of the operation with what the entry was (an attempt, a wait for
///    readiness) in its low bits. An operation has at most one such entry in the kernel, but for a
///    write that is made durable, which may begin as two (durable.cpp), and a load of a file, which
///    is three (load.cpp).
/// 2. The first operation of a lane is with the kernel; the next is started when it is complete.
///    Operations without a lane are with the kernel at once.
/// 3. Handling a completion needs at most one free submission entry, so completions are taken
///    only while there is one, and nothing is ever started without one. What waits for an entry
///    is in `backlog_` (operations) or `cancels_`; an entry becomes free with every enter.
/// 4. What is parked on sockets may exceed the completion queue: to hold it back would starve
///    whoever comes later. When more completes at once than the queue holds the kernel keeps it
///    (NODROP). What always ends by itself (file operations) is held back, and a batch that could
///    complete at once is never larger than the room in the queue.
/// 5. A Stream that is armed is `Descriptor::streaming`, not in a lane, as it enters `done` while
///    it is. Its ring half full it is cancelled; what no longer fits goes to `spill_`, from which
///    those who ask next are served. Results in the ring of a Stream belong to the consumer, who
///    closes them, or gives them back, whatever became of the Stream; those in `spill_` go with the
///    Descriptor.
/// 6. A pinned ring is made disabled and enabled by the carrier that begins, or else by the first
///    turn: whoever calls that is the issuer, whatever thread the driver was made on.
/// 7. The kernel's worker threads belong to the thread that submits. So each carrier that begins
///    sends its own to the CPU of the ring, and a neighbour that turns the ring leaves its own
///    where they are.
class UringDriver final : public Driver {
 public:
  /// The driver, or the errno that ended the attempt; on the way `refusals` grows.
  [[nodiscard]] static Result<std::unique_ptr<UringDriver>> make(const RingRequest& request,
                                                                 std::vector<Refusal>& refusals);
  ~UringDriver() override;

  void begin_carry() noexcept override;
  void turn(OpList todo, Deadline until, OpList& done) override;
  void cancel(Operation& operation) override;
  void wake() noexcept override { wake_.wake(); }
  [[nodiscard]] News news() const noexcept override;
  void let_go(Descriptor& descriptor) noexcept override { files_.forget(descriptor); }
  [[nodiscard]] bool give_away(Descriptor& descriptor) noexcept override;
  void share(Worker& home) noexcept override;

  [[nodiscard]] EngineUse engine_use() const noexcept override;
  [[nodiscard]] const DriverTraits& traits() const noexcept override { return traits_; }
  [[nodiscard]] const UringRing& ring() const noexcept { return ring_; }

 private:
  explicit UringDriver(const RingRequest& request) noexcept;

  // The straight path of most operations, both ways: straight.hpp.
  [[nodiscard]] bool goes_straight(const Operation& operation) const noexcept;
  void start_straight(Operation& operation);
  void start_at(Transfer& transfer);
  void start_message(Transfer& transfer);
  [[nodiscard]] bool finish_at(Operation& operation, std::int32_t result);
  [[nodiscard]] bool finish_message(Operation& operation, std::int32_t result);
  [[nodiscard]] bool finish_receive(Operation& operation, std::int32_t result,
                                    std::uint32_t flags);
  [[nodiscard]] static bool is_alone(const Transfer& transfer) noexcept;
  void leave_straight(Transfer& transfer) noexcept;

  void enable_once();

  // Starting: uring.cpp. Each needs one free submission entry.
  void take(OpList todo);
  void fill();
  void admit(Operation& operation);
  void enter_kernel(Operation& operation);
  void count_in_kernel() {
    in_kernel_ += 1;
    if (cancels_.capacity() < in_kernel_) [[unlikely]] cancels_.reserve(2 * in_kernel_);
  }
  void launch(Operation& operation, std::uint8_t entry_flags = 0);
  void launch_readiness(Operation& operation);
  void launch_cancel(Operation& operation);
  [[nodiscard]] int make_engine(std::vector<Refusal>& refusals);
  void give_to_engine(Operation& operation);
  void await_memory(Duration limit);
  [[nodiscard]] bool polls_first(const Operation& operation) const noexcept;
  [[nodiscard]] bool held_back(const Operation& operation) const noexcept;
  [[nodiscard]] bool everything_started() const noexcept;
  [[nodiscard]] std::size_t awaited() const noexcept;
  void deliver(OpList& done) noexcept;

  // Completion: complete.cpp.
  [[nodiscard]] std::size_t reap(std::size_t limit);
  void reap_engine();
  void dispatch(std::uint64_t user_data, std::int32_t result, std::uint32_t flags);
  void on_attempt(Operation& operation, std::int32_t result);
  void on_readiness(Operation& operation, std::int32_t result);
  void on_wake(std::int32_t result, std::uint32_t flags);
  void punt(Operation& operation) noexcept;
  void complete(Operation& operation);
  void leave_kernel(Operation& operation);
  void start_next(Descriptor& descriptor, OpList& lane);
  void finish(Operation& operation) noexcept {
    operation.state = OpState::idle;
    operation.stopping = false;
    finished_.push_back(operation);
  }

  // Writes that are made durable: durable.cpp.
  void launch_durably(Transfer& transfer);
  void on_durable(Transfer& transfer, UringTag tag, std::int32_t result);
  void on_linked_sync(Transfer& transfer, std::int32_t result);
  void go_on(Transfer& transfer, Attempt outcome);
  void unlink(io_uring_sqe& left);

  // Loads of files: load.cpp.
  [[nodiscard]] bool loads_by_place() const noexcept;
  [[nodiscard]] bool lacks_room(const Operation& operation) const noexcept;
  [[nodiscard]] bool take_place(Load& load) noexcept;
  void launch_load(Load& load);
  void launch_recall(Load& load);
  void on_load(Load& load, UringTag tag, std::int32_t result);
  void on_opened(Load& load, std::int32_t result);
  void end_load(Load& load);
  void start_anew(Operation& operation);
  void unlink_load(Load& load, io_uring_sqe& left) noexcept;

  // Polls: poll.cpp.
  void launch_nested(Poll& poll);
  void on_poll(Poll& poll, std::int32_t result);
  void end_poll(Poll& poll);

  // Receives: receive.cpp.
  void launch_receive(Receive& receive);
  void take_lent(Receive& receive, std::uint32_t flags) noexcept;
  void on_receive(Receive& receive, std::int32_t result, std::uint32_t flags);
  void end_dry(Operation& dry);
  void relaunch(Operation& dry);
  void relaunch_dry();

  // Bytes that nobody has asked for yet: ahead.cpp.
  void launch_ahead(Stream& stream);
  void on_bytes(Stream& stream, std::int32_t result, std::uint32_t flags);
  void receive_one(Stream& stream);
  void choose_group(Stream& stream) noexcept;
  [[nodiscard]] static std::uint16_t group_of(const Operation& operation) noexcept;
  [[nodiscard]] static bool has_outgrown_entry(const Stream& stream) noexcept;
  [[nodiscard]] bool offers_to(const Operation& operation) noexcept;
  [[nodiscard]] std::uint32_t offered_to(const Operation& operation) const noexcept;
  void wait_for_buffers(Operation& operation);
  [[nodiscard]] bool serve_behind(Descriptor& descriptor, StreamResult& came);
  [[nodiscard]] bool serve_bytes(Operation& read);

  // Sends in place: send.cpp.
  [[nodiscard]] bool sends_in_place(const Operation& operation) const noexcept;
  static void let_go(const Operation& sent) noexcept;
  void on_send_in_place(Transfer& transfer, std::int32_t result, std::uint32_t flags);

  // What has a place and no number: direct.cpp.
  [[nodiscard]] bool answered_by_place(Operation& operation);
  void name_place(io_uring_sqe& entry, Operation& operation);
  static void cancel_by_place(io_uring_sqe& entry, const Descriptor& placed) noexcept;
  void leave_place(Descriptor& closed) noexcept;
  [[nodiscard]] std::int32_t settle_place(Operation& accept, std::int32_t result) noexcept;
  void on_install(Operation& install, std::int32_t result);
  void close_left_place(Operation& install) noexcept;
  void launch_borrowed(Receive& receive);
  void on_borrowed(Receive& receive, std::int32_t result);

  // Ending: close.cpp.
  void ask_cancel(Operation& operation);
  void forget_cancel(Operation& operation) noexcept;
  void end_unstarted(Operation& operation);
  void begin_close(Operation& close);
  void end_close(Descriptor& descriptor);
  void end_queued(OpList& lane);
  void stop_in_kernel(OpList& operations);

  // Streams: stream.cpp.
  void on_stream(Stream& stream, std::int32_t result, std::uint32_t flags);
  void hand_on(Stream& stream, StreamResult came);
  void push_spilled(Stream& stream) noexcept;
  void push(Stream& stream, StreamResult result) noexcept;
  void rearm_or_settle(Stream& stream);
  [[nodiscard]] bool may_rearm(Stream& stream);
  void end_stream(Stream& stream, std::int32_t last);
  [[nodiscard]] bool serve_from_stream(Operation& next);
  [[nodiscard]] bool start_stream(Stream& stream);
  void list(Stream& stream) noexcept;

  UringWake wake_;
  // Made when they are needed; they end after the ring.
  std::unique_ptr<UringBuffers> buffers_;
  std::unique_ptr<UringSharedBuffers> shared_buffers_;
  UringRing ring_;                       ///< ends before the eventfd that it polls
  UringFileTable files_{ring_, UringFileTable::kConnections};
  UringMemoryTable memory_{ring_};
  UringSpill spill_;
  DriverTraits traits_;
  OpList backlog_;                       ///< not started: no free entry yet
  OpList finished_;                      ///< for `done`
  OpList engine_done_;                   ///< reaped from engine_, not yet completed
  std::vector<Operation*> dry_;          ///< found no buffer, not yet tried again
  std::vector<Operation*> cancels_;      ///< asked for, not submitted; room for all in_kernel_
  std::unique_ptr<FileEngine> engine_;   ///< for what this ring cannot do; made when needed
  Atomic<const FileEngine*> shown_engine_{nullptr};  ///< the same, for any thread
  EngineRequest engine_request_;
  std::size_t in_kernel_ = 0;            ///< operations started and not complete
  std::size_t files_in_kernel_ = 0;      ///< those of them that always end by themselves
  bool enabled_ = false;
  bool woken_ = false;
  bool streams_listed_ = false;          ///< in finished_
};

}  // namespace rota::inline v0
