#pragma once

#include "base/unique_fd.hpp"
#include "driver/aio_context.hpp"
#include "driver/files/linux_aio_files.hpp"
#include "driver/readiness/poller.hpp"
#include "driver/wake_fd.hpp"

#include <linux/aio_abi.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace rota::inline v0 {

/// Readiness by IOCB_CMD_POLL: a request per Descriptor and interest, which ends when it holds.
///
/// 1. What is armed once more is asked for once: an interest whose request is still with the kernel
///    has not held since.
/// 2. A Descriptor that was reported is disarmed. A request of it that ends later is dropped,
///    unless its interest was armed again.
/// 3. A Descriptor that is forgotten has its requests cancelled, and is forgotten when their events
///    have come: until then the kernel holds its file. What else comes meanwhile is kept.
/// 4. What the kernel does not wait for in this way stands in an epoll instance, for which one
///    request waits: files with two wait queues (terminals, FIFOs that are open both ways), which
///    are refused with EINVAL, and what finds no room in the context.
class LinuxAioPoller final : public Poller {
 public:
  /// Of all armed interests; beyond it they stand in the epoll instance. They are taken from the
  /// system's fs.aio-max-nr, which is 65,536 by default.
  static constexpr unsigned kRequests = 1024;

  /// Why it cannot work, if so. Before anything else.
  [[nodiscard]] std::optional<Refusal> prepare();
  [[nodiscard]] AioContext& context() noexcept { return context_; }
  /// Who gets the events of files that the context has.
  void share_with(LinuxAioFiles& files) noexcept { files_ = &files; }

  std::size_t turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) override;
  void forget(Descriptor& descriptor) noexcept override;
  void wake() noexcept override { wake_.wake(); }
  [[nodiscard]] int wake_number() const noexcept override { return wake_.number(); }
  [[nodiscard]] int arm_refused(const Descriptor&) const noexcept override { return 0; }
  [[nodiscard]] bool edge_triggered() const noexcept override { return false; }
  [[nodiscard]] std::string_view name() const noexcept override { return "linux_aio"; }

 private:
  /// With the kernel, or free. It has the bits of its interest in its Descriptor's Place.
  struct Request {
    iocb control{};
    Descriptor* descriptor = nullptr;  ///< null: free, cancelled, or one of the poller itself
    std::uint8_t interest = interest_none;
    bool awaited = false;  ///< cancelled, by a call that has not returned
  };
  static constexpr std::size_t kInterests = 5;
  /// What is known of the Descriptor with this index.
  struct Place {
    std::array<Request*, kInterests> pending{};  ///< by bit of Interest: with the kernel
    std::uint32_t generation = 0;
    std::uint8_t armed = interest_none;          ///< and not reported since
    bool nested = false;                         ///< it stands in the epoll instance
  };
  /// What a turn reports.
  struct Report {
    std::span<Ready> out;
    std::size_t filled = 0;
    bool ended = false;  ///< by a wake, or by a file's event

    [[nodiscard]] bool is_full() const noexcept { return filled == out.size(); }
  };

  [[nodiscard]] Place& place_of(const Descriptor& descriptor);
  void arm(const Arm& arm, Report& report);
  void ask_for(Descriptor& descriptor, Place& place, unsigned interest);
  void prepare_request(Request& request, int fd, std::uint16_t events) noexcept;
  void submit(Report& report);
  void refuse(Request& request, int error, Report& report);
  [[nodiscard]] int nest(Descriptor& descriptor, Place& place);
  void collect(Deadline until, Report& report);
  [[nodiscard]] std::size_t next_events(std::span<io_event> into, Deadline until);
  void take(const io_event& event, Report& report);
  void take_request(Request& request, std::int64_t events, Report& report);
  void take_nested(Report& report);
  void tell(Descriptor& descriptor, std::uint8_t seen, int refused, Report& report);
  void release(Request& request) noexcept;
  void drop_requests(Place& place) noexcept;
  void leave_nested(const Descriptor& descriptor, Place& place) noexcept;

  WakeFd wake_;
  UniqueFd nested_;               ///< the epoll instance, once there is need of it
  AioContext context_;            ///< ends before what it polls
  LinuxAioFiles* files_ = nullptr;
  std::deque<Request> requests_;  ///< each keeps its address
  std::vector<Request*> free_;
  std::size_t with_kernel_ = 0;   ///< of requests_
  std::vector<iocb*> todo_;       ///< not submitted yet
  std::vector<io_event> kept_;    ///< taken from the context, and not looked at
  std::vector<Place> places_;     ///< by Descriptor::index
  Request wake_request_;
  Request nested_request_;
  bool wake_asked_ = false;
  bool nested_asked_ = false;
};

}  // namespace rota::inline v0
