#pragma once

#include <rota/core/stream.hpp>

#include <cstddef>
#include <vector>

namespace rota::inline v0 {

struct Descriptor;

/// What the kernel brought for a Stream whose ring was full, before it heard that it should stop:
/// it takes all at once that waits on a listener or in a socket. It belongs to the Descriptor and
/// goes to whoever asks next there, in order, before anything newer; nobody has it after a close.
///
/// How many connections there are is decided by the listeners' queues. One beyond kMostConnections
/// is closed, as a listener with a full queue would refuse it. Bytes are bounded by what buffers
/// are offered.
class UringSpill {
 public:
  static constexpr std::size_t kMostConnections = 4096;

  UringSpill() = default;
  UringSpill(const UringSpill&) = delete;
  UringSpill& operator=(const UringSpill&) = delete;
  ~UringSpill();

  void add(const Stream& stream, const StreamResult& result);

  /// Moves the oldest of the Descriptor into `result`; false where there is none.
  [[nodiscard]] bool take(const Descriptor& descriptor, StreamResult& result) noexcept;

  [[nodiscard]] bool holds(const Descriptor& descriptor) const noexcept;

  /// The Descriptor is closed.
  void drop(const Descriptor& descriptor) noexcept;

 private:
  struct Entry {
    const Descriptor* descriptor;
    OpCode code;
    StreamResult result;
  };

  std::vector<Entry> entries_;
};

}  // namespace rota::inline v0
