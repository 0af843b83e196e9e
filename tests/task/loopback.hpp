#pragma once

#include <rota/address.hpp>

#include <vector>

namespace rota::testing_tasks {

/// A listening socket that takes no further connection: whoever connects to it waits.
class FullListener {
 public:
  FullListener();
  ~FullListener();
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  [[nodiscard]] const Address& address() const { return address_; }

 private:
  std::vector<int> fds_;
  Address address_ = Address::loopback(0);
};

/// A pipe by plain system calls.
class Pipe {
 public:
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_writer();
  void write_byte() const;
  /// Until the pipe takes no more.
  void fill() const;
  /// Until it is empty.
  void drain() const;

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace rota::testing_tasks
