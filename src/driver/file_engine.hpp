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
  void operator()() const noexcept { rouse(driver); }
};

/// How busy a file engine is.
struct EngineUse {
  std::size_t threads = 0;  ///< of this process, that it has for its calls
  std::size_t waiting = 0;  ///< operations that have not begun
  Duration oldest_wait;     ///< how long the first of them has waited, to a millisecond
};

/// How files are read and written where readiness has no meaning. `submit`, `cancel` and `reap`
/// belong to the carrier of the driver; `use` is for any thread.
///
/// What an implementation owes:
/// 1. Every operation given to `submit` comes back exactly once, by `reap`; when there is
///    something to reap that was not there at the last `reap`, the EngineNotify was called.
/// 2. `cancel` ends an operation that has not begun (it comes back with -ECANCELED); one that has
///    begun runs to its end. `cancel_all` does the same for every operation on a Descriptor.
/// 3. Order between operations is not promised.
/// 4. What happens at destruction: nothing may be in flight.
class FileEngine {
 public:
  FileEngine() = default;
  FileEngine(const FileEngine&) = delete;
  FileEngine& operator=(const FileEngine&) = delete;
  virtual ~FileEngine() = default;

  virtual void submit(OpList operations) = 0;
  virtual void cancel(Operation& operation) noexcept = 0;
  virtual void cancel_all(const Descriptor& descriptor) noexcept = 0;
  virtual void reap(OpList& done) = 0;
  /// Any thread.
  [[nodiscard]] virtual EngineUse use() const noexcept = 0;
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
};

}  // namespace rota::inline v0
