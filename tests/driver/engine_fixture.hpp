#pragma once

#include "core/descriptor_table.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/sockets.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rota::engine_fixture {

/// Takes the notifications of an engine, also the kernel's, and lets a test wait for the next.
class Bell {
 public:
  Bell() : fd_(testing_sockets::checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

  [[nodiscard]] EngineNotify notify() {
    return {this, [](void* bell) noexcept { static_cast<Bell*>(bell)->ring(); }, fd_.number()};
  }
  /// How often the engine itself has rung.
  [[nodiscard]] int rung() const { return rung_; }
  /// Until somebody has rung since the last call.
  void wait() const {
    fd_.wait_for(POLLIN);
    eventfd_t count = 0;
    ::eventfd_read(fd_.number(), &count);
  }

 private:
  void ring() noexcept {
    rung_ += 1;
    ::eventfd_write(fd_.number(), 1);
  }

  testing_sockets::Fd fd_;
  std::atomic<int> rung_ = 0;
};

/// Stands where the driver will stand: gives operations to an engine and takes them back.
class EngineRig {
 public:
  void use(std::unique_ptr<FileEngine> engine) { engine_ = std::move(engine); }
  [[nodiscard]] FileEngine& engine() { return *engine_; }
  [[nodiscard]] Bell& bell() { return bell_; }

  Descriptor& adopt(int fd, FdKind kind = FdKind::file) { return table_.adopt(fd, kind, nullptr); }

  void submit(Operation& operation) {
    OpList one;
    one.push_back(operation);
    engine_->submit(std::move(one));
  }

  /// Everything that comes back, until there are `count`.
  std::vector<Operation*> reap(std::size_t count) {
    std::vector<Operation*> all;
    for (;;) {
      OpList done;
      engine_->reap(done);
      while (Operation* operation = done.pop_front()) all.push_back(operation);
      if (all.size() >= count) return all;
      bell_.wait();
    }
  }

  /// Nothing is in flight any more.
  void end() { engine_.reset(); }

 private:
  DescriptorTable table_;
  Bell bell_;
  std::unique_ptr<FileEngine> engine_;
};

/// A read or write of `text`'s length at an offset.
struct At : Transfer {
  std::string buffer;

  At(OpCode what, Descriptor& file, std::string text, std::uint64_t at)
      : Transfer(what, nullptr, text.size(), at), buffer(std::move(text)) {
    data = reinterpret_cast<std::byte*>(buffer.data());
    descriptor = &file;
  }
};

}  // namespace rota::engine_fixture
