#pragma once

#include "driver/files/engine_line.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/files/file_engine_make.hpp"
#include "driver/refusal.hpp"
#include "driver/uring/file_table.hpp"
#include "driver/uring/memory_table.hpp"
#include "driver/uring/ring.hpp"

#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// The file engine over an io_uring of its own, for a driver that waits for readiness: sockets then
/// depend on no thread, and files on none of a pool.
///
/// 1. An operation is one entry, whose `user_data` is its address; a cancel has none. What has no
///    call in this kernel's ring goes to `others`.
/// 2. Half as many are with the kernel as its completions have room for, and as many cancels: none
///    overflows. The rest waits in order.
/// 3. Every completion writes to the eventfd of the driver. Its carrier then takes the completions,
///    from memory, without a system call.
/// 4. Whatever thread submits, another may go on (RingProfile::movable). The kernel cancels what a
///    thread has in flight when it ends: that is submitted again.
/// 5. Files that are used often, and memory for them, have places in tables of the ring
///    (UringFileTable, UringMemoryTable).
class UringFiles final : public FileEngine {
 public:
  static constexpr unsigned kEntries = 128;
  static constexpr unsigned kCompletions = 256;

  /// With a ring, or why there is none.
  [[nodiscard]] static Result<std::unique_ptr<FileEngine>> make(
      const EngineRequest& asked, EngineNotify notify, std::unique_ptr<FileEngine> others,
      std::vector<Refusal>& refusals);

  void begin_carry() noexcept override { ring_.place_workers(); }
  void submit(OpList operations) override;
  void cancel(Operation& operation) noexcept override;
  void cancel_all(const Descriptor& descriptor) noexcept override;
  void forget(Descriptor& descriptor) noexcept override { files_.forget(descriptor); }
  void reap(OpList& done) override;
  [[nodiscard]] EngineUse use() const noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override { return "io_uring"; }
  [[nodiscard]] const UringRing& ring() const noexcept { return ring_; }

 private:
  /// Operation::engine_bits of what is with the kernel; those of others are theirs.
  enum Bits : std::uint8_t {
    waits_there = 1 << 2,   ///< the file has answered "not yet": a thread of the kernel waits
    cancel_asked = 1 << 3,
    cancel_sent = 1 << 4,
  };

  UringFiles(EngineNotify notify, std::unique_ptr<FileEngine> others) noexcept
      : notify_(notify), others_(std::move(others)) {}

  [[nodiscard]] bool takes(const Operation& operation) const noexcept;
  void start_waiting();
  void send_cancels() noexcept;
  void enter() noexcept;
  [[nodiscard]] std::size_t most() const noexcept { return ring_.completion_entries() / 2; }
  [[nodiscard]] bool has_entry() noexcept;
  void launch(Operation& operation);
  void complete(Operation& operation, std::int32_t result);
  void ask_cancel(Operation& operation) noexcept;

  UringRing ring_;
  UringFileTable files_{ring_};
  UringMemoryTable memory_{ring_};
  const EngineNotify notify_;
  std::unique_ptr<FileEngine> others_;
  std::size_t count_ = 0;    ///< in `with_kernel_`
  std::size_t wishes_ = 0;   ///< of these, whose cancel is not sent
  std::size_t cancels_ = 0;  ///< with the kernel
  OpList with_kernel_;
  EngineLine line_;
  OpList done_;
};

}  // namespace rota::inline v0
