#pragma once

#include <rota/rota.hpp>

#include <atomic>

namespace rota::testing_stress {

enum class SocketKind : unsigned char { local, tcp };

/// The ends of a new connection, by plain system calls.
struct Ends {
  explicit Ends(SocketKind kind);
  int left = -1;
  int right = -1;
};

/// A connection whose ends are used by two tasks. Only in a task.
struct Connection {
  explicit Connection(SocketKind kind) : Connection(Ends(kind)) {}

  TcpStream left;
  TcpStream right;

 private:
  explicit Connection(const Ends& ends)
      : left(TcpStream::from_fd(ends.left).value()),
        right(TcpStream::from_fd(ends.right).value()) {}
};

/// Says when a leaf was started: from then on its operation is one of those that a close ends.
template <class L>
class Announced {
 public:
  Announced(L& leaf, std::atomic<bool>& started) noexcept : leaf_(leaf), started_(started) {}

  bool start(Runnable& self) noexcept {
    // A leaf that has parked may be gone.
    std::atomic<bool>& started = started_;
    const bool parked = leaf_.start(self);
    started.store(true);
    return parked;
  }
  void refuse() noexcept
    requires RefusableLeaf<L>
  {
    leaf_.refuse();
    started_.store(true);
  }
  auto finish() { return leaf_.finish(); }

 private:
  L& leaf_;
  std::atomic<bool>& started_;
};

}  // namespace rota::testing_stress
