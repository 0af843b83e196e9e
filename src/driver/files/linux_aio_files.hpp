#pragma once

#include "driver/aio_context.hpp"
#include "driver/files/engine_line.hpp"
#include "driver/files/file_engine.hpp"

#include <linux/aio_abi.h>

#include <array>
#include <cstddef>
#include <memory>

namespace rota::inline v0 {

/// The file engine over the kernel's asynchronous I/O.
///
/// 1. It takes what the kernel really does asynchronously: reads of files that were opened with
///    O_DIRECT, writes of them that do not make the file longer, and fsync. Anything else would
///    block in io_submit(2), or has no call there: it goes to `others`.
/// 2. What finds no room waits in order; what the kernel refuses goes to `others`, which has the
///    error if there is one.
/// 3. The kernel cannot take back what it has begun on a file: a cancel of that does nothing.
/// 4. A context of its own writes to the eventfd of `notify`. That of a poller has its events
///    taken there, and handed in by `complete`.
/// 5. A context is set up when there is something to transfer, if not before: most programs have no
///    such files, and what all contexts may have in flight is limited for the whole system. Where
///    the kernel refuses it, all goes to `others` from then on.
class LinuxAioFiles final : public FileEngine {
 public:
  /// How many requests the kernel has of one engine at the most.
  static constexpr unsigned kRequests = 128;

  LinuxAioFiles(std::unique_ptr<AioContext> own, EngineNotify notify,
                std::unique_ptr<FileEngine> others) noexcept;
  LinuxAioFiles(AioContext& pollers, EngineNotify notify,
                std::unique_ptr<FileEngine> others) noexcept;

  void submit(OpList operations) override;
  void cancel(Operation& operation) noexcept override;
  void cancel_all(const Descriptor& descriptor) noexcept override;
  void reap(OpList& done) override;
  [[nodiscard]] EngineUse use() const noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override { return "Linux aio"; }

  /// An event whose `data` is even: one of this engine's. `reap` follows.
  void complete(const io_event& event);

 private:
  struct Request {
    iocb control{};
    Operation* operation = nullptr;  ///< null: free
    Request* next_free = nullptr;
  };

  [[nodiscard]] bool takes(const Operation& operation) noexcept;
  void start_waiting();
  [[nodiscard]] Request* take_request(Operation& operation) noexcept;
  Operation* release(Request& request) noexcept;
  void give_to_others(Operation& operation);

  std::unique_ptr<AioContext> own_;
  AioContext& context_;
  const EngineNotify notify_;
  std::unique_ptr<FileEngine> others_;
  std::array<Request, kRequests> requests_;
  Request* free_ = nullptr;
  bool refused_ = false;  ///< the context was
  std::size_t with_kernel_ = 0;
  EngineLine line_;
  OpList done_;
};

}  // namespace rota::inline v0
