#pragma once

#include <cstddef>
#include <vector>

namespace rota::inline v0 {

struct Descriptor;

/// Connections that the kernel accepted for a Stream whose ring was full, before it heard that it
/// should stop: it takes all that wait on the listener at once. They belong to the listener and go
/// to its next accepts, in order, before anything newer; when it is closed so are they.
///
/// Bounded by kLimit: how much arrives is decided by the listeners' queues. A connection beyond it
/// is closed, as a listener with a full queue would refuse it.
class UringSpill {
 public:
  static constexpr std::size_t kLimit = 4096;

  UringSpill() = default;
  UringSpill(const UringSpill&) = delete;
  UringSpill& operator=(const UringSpill&) = delete;
  ~UringSpill();

  void add(const Descriptor& listener, int connection);

  /// The oldest connection of the listener, -1 when there is none.
  [[nodiscard]] int take(const Descriptor& listener) noexcept;

  [[nodiscard]] bool holds(const Descriptor& listener) const noexcept;

  /// The listener is closed.
  void drop(const Descriptor& listener) noexcept;

 private:
  struct Entry {
    const Descriptor* listener;
    int connection;
  };

  std::vector<Entry> entries_;
};

}  // namespace rota::inline v0
