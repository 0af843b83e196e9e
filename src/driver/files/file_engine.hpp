#pragma once

#include <rota/core/instant.hpp>
#include <rota/core/operation.hpp>

#include <cstddef>
#include <string_view>

namespace rota::inline v0 {

/// How an engine rouses the driver that it works for. Any thread; sticky.
struct EngineNotify {
  void* driver;
  void (*rouse)(void* driver) noexcept;
  int eventfd = -1;  ///< which the kernel may write to with the same effect
  void operator()() const noexcept { rouse(driver); }
};

/// How busy a file engine is.
struct EngineUse {
  std::size_t threads = 0;  ///< of this process, that it has for its calls
  std::size_t waiting = 0;  ///< operations that have not begun
  Duration oldest_wait;     ///< how long the first of them has waited, to a millisecond
};

/// How files are read and written, and words of memory waited for, where readiness has no meaning.
/// Everything belongs to the carrier
/// of the driver; `use` is for any thread, and `forget` for any that owns the Descriptor.
///
/// What an implementation owes:
/// 1. Every operation given to `submit` comes back exactly once, by `reap`; when there is
///    something to reap that was not there at the last `reap`, the EngineNotify was called, unless
///    `needs_reap` said so.
/// 2. `cancel` ends an operation that has not begun (it comes back with -ECANCELED), and a wait for
///    a word at any time; what else has begun runs to its end. `cancel_all` does the same for every
///    operation on a Descriptor, which a wait for a word has not.
/// 3. Order between operations is not promised.
/// 4. What happens at destruction: nothing may be in flight.
class FileEngine {
 public:
  FileEngine() = default;
  FileEngine(const FileEngine&) = delete;
  FileEngine& operator=(const FileEngine&) = delete;
  virtual ~FileEngine() = default;

  /// As Driver::begin_carry.
  virtual void begin_carry() noexcept {}
  virtual void submit(OpList operations) = 0;
  virtual void cancel(Operation& operation) noexcept = 0;
  virtual void cancel_all(const Descriptor& descriptor) noexcept = 0;
  /// Lets go of whatever it keeps of the fd: before that is closed, or goes to another worker.
  /// Nothing is in flight on it. An engine that keeps nothing leaves `driver_index` at -1, and is
  /// not asked.
  virtual void forget(Descriptor&) noexcept {}
  virtual void reap(OpList& done) = 0;
  /// Whether it has what comes to its end by `reap` alone, about which nobody is notified: its
  /// driver asks again and again, and does not sleep.
  [[nodiscard]] virtual bool needs_reap() const noexcept { return false; }
  /// Any thread.
  [[nodiscard]] virtual EngineUse use() const noexcept = 0;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

}  // namespace rota::inline v0
