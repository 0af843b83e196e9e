#pragma once

#include <rota/config.hpp>
#include <rota/result.hpp>

#include "driver/files/engine_line.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/files/posix_aio_bell.hpp"
#include "driver/files/posix_aio_request.hpp"
#include "driver/files/posix_aio_waiter.hpp"
#include "driver/refusal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rota::inline v0 {

/// The file engine over aio_read(3) and its kin, as the C library has them: threads of its own,
/// at most one at a time for each file and 20 in all, which it shares with the whole process.
///
/// 1. It takes reads and writes at an offset, several of one `submit` by lio_listio(3), and syncs.
///    Anything else has no call there and goes to `others`, and so does what the library refuses.
/// 2. What finds no room waits in order, while the library has something that will end.
/// 3. A request is the carrier's but for what PosixAioWaiter (its protocol) has of it. Where there
///    is none (`signal`, `thread`) all that comes from other threads is the ring of a bell, which
///    says nothing but that the carrier shall look: a notification that comes twice, late or
///    for several requests at once is as good as any other.
/// 4. A cancel that succeeds may strand others. When glibc (2.36) takes out the first request of a
///    file before a thread has come to it, the next is never run, nor those behind it. So what
///    this engine has behind is cancelled as well, and asked for again.
/// 5. When the last was reaped nothing of the library's refers to the engine: requests have ended,
///    the waiter waits for the next, and the bell is silent.
class PosixAioFiles final : public FileEngine {
 public:
  /// `signal` is used by AioNotification::signal only.
  PosixAioFiles(AioNotification how, int signal, EngineNotify notify,
                std::unique_ptr<FileEngine> others);
  ~PosixAioFiles() override;

  void submit(OpList operations) override;
  void cancel(Operation& operation) noexcept override;
  void cancel_all(const Descriptor& descriptor) noexcept override;
  void reap(OpList& done) override;
  /// What the library has queued for a file counts as begun.
  [[nodiscard]] EngineUse use() const noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override { return "POSIX aio"; }

 private:
  using Batch = std::span<PosixAioRequest*>;

  [[nodiscard]] bool prepare();
  void start_waiting();
  [[nodiscard]] std::size_t take_batch(Batch into) noexcept;
  [[nodiscard]] bool start(Batch batch);
  void watch(Batch taken) noexcept;
  [[nodiscard]] bool refuse(Batch refused);
  [[nodiscard]] PosixAioRequest& take_request(Operation& operation) noexcept;
  Operation& release(PosixAioRequest& request) noexcept;
  void collect();
  void complete(PosixAioRequest& request);
  void ask_again_behind(const PosixAioRequest& cancelled) noexcept;
  void give_to_others(Operation& operation);

  const EngineNotify notify_;
  const int signal_;  ///< 0: none
  std::unique_ptr<FileEngine> others_;
  std::unique_ptr<PosixAioWaiter> waiter_;  ///< null: the bell
  PosixAioBell* bell_ = nullptr;            ///< null: the waiter
  sigevent event_{};
  std::array<PosixAioRequest, PosixAioRequest::kMost> requests_;
  PosixAioRequest* free_ = nullptr;
  std::size_t with_library_ = 0;
  EngineLine line_;
  OpList done_;
};

/// Or why there is none: `signal` needs one that the program does not use.
Result<std::unique_ptr<FileEngine>> make_posix_aio(AioNotification how, EngineNotify notify,
                                                   std::unique_ptr<FileEngine> others,
                                                   std::vector<Refusal>& refusals);

}  // namespace rota::inline v0
