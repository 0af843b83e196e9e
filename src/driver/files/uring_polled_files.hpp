#pragma once

#include "driver/files/engine_line.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/files/file_engine_make.hpp"
#include "driver/refusal.hpp"
#include "driver/uring/memory_table.hpp"
#include "driver/uring/ring.hpp"

#include <rota/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rota::inline v0 {

/// The file engine whose ring asks the device (DevicePolling) instead of being told by an
/// interrupt.
///
/// 1. It takes the transfers of files that were opened with O_DIRECT. All else is for `others`: a
///    device is asked about nothing but its own transfers.
/// 2. Only `reap` asks, so nobody is notified, and `needs_reap` keeps the driver awake.
/// 3. A file system or device that cannot be asked answers EOPNOTSUPP to a transfer. That goes to
///    `others`, and what else there is for the file follows it (Descriptor::interrupts).
/// 4. The kernel cannot take back what the device has begun: a cancel of that does nothing.
/// 5. As in UringFiles: half as many are with the kernel as its completions have room for, and what
///    a thread has in flight when it ends is submitted again.
class UringPolledFiles final : public FileEngine {
 public:
  static constexpr unsigned kEntries = 128;
  static constexpr unsigned kCompletions = 256;

  /// With a ring, or why there is none; then `others` is as it was.
  [[nodiscard]] static Result<std::unique_ptr<FileEngine>> make(
      const EngineRequest& asked, EngineNotify notify, std::unique_ptr<FileEngine>& others,
      std::vector<Refusal>& refusals);

  void begin_carry() noexcept override;
  void submit(OpList operations) override;
  void cancel(Operation& operation) noexcept override;
  void cancel_all(const Descriptor& descriptor) noexcept override;
  void forget(Descriptor& descriptor) noexcept override { others_->forget(descriptor); }
  void reap(OpList& done) override;
  [[nodiscard]] bool needs_reap() const noexcept override { return with_kernel_ > 0; }
  [[nodiscard]] EngineUse use() const noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override { return "io_uring, polled"; }

 private:
  /// Operation::engine_bits of what is here; those of others are theirs.
  static constexpr std::uint8_t kHere = 1 << 5;

  explicit UringPolledFiles(EngineNotify notify) noexcept : notify_(notify) {}

  void start_waiting();
  [[nodiscard]] bool has_room() noexcept;
  void launch(Operation& operation);
  void complete(Operation& operation, std::int32_t result);
  void give_to_others(Operation& operation);

  UringRing ring_;
  UringMemoryTable memory_{ring_};
  const EngineNotify notify_;
  std::unique_ptr<FileEngine> others_;
  std::size_t with_kernel_ = 0;
  EngineLine line_;
  OpList done_;
};

/// Why no device can be asked, an empty text where one can: none has queues for that.
[[nodiscard]] std::string no_polled_device();

}  // namespace rota::inline v0
