#pragma once

#include "driver/readiness/readiness.hpp"

#include "core/descriptor_table.hpp"
#include "driver/files/blocking_pool.hpp"
#include "driver/sockets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rota {
namespace readiness_fixture {

using testing_sockets::Fd;

using MakePoller = MadePoller (*)();

/// Counts what is asked of the poller below it.
class CountingPoller final : public Poller {
 public:
  struct Counts {
    int turns = 0;
    int arms = 0;
  };

  CountingPoller(std::unique_ptr<Poller> below, Counts& counts)
      : below_(std::move(below)), counts_(counts) {}

  std::size_t turn(std::span<const Arm> arms, Deadline until, std::span<Ready> out) override {
    counts_.turns += 1;
    counts_.arms += static_cast<int>(arms.size());
    return below_->turn(arms, until, out);
  }
  void forget(Descriptor& descriptor) noexcept override { below_->forget(descriptor); }
  void wake() noexcept override { below_->wake(); }
  int wake_number() const noexcept override { return below_->wake_number(); }
  int arm_refused(const Descriptor& descriptor) const noexcept override {
    return below_->arm_refused(descriptor);
  }
  bool edge_triggered() const noexcept override { return below_->edge_triggered(); }
  std::string_view name() const noexcept override { return below_->name(); }

 private:
  std::unique_ptr<Poller> below_;
  Counts& counts_;
};

struct Exchange : Transfer {
  std::string buffer;

  Exchange(OpCode what, Descriptor& on, std::string text, std::uint8_t with = 0)
      : Transfer(what, nullptr, text.size()), buffer(std::move(text)) {
    data = reinterpret_cast<std::byte*>(buffer.data());
    descriptor = &on;
    flags = with;
  }
};

struct Reading : Exchange {
  Reading(Descriptor& from, std::size_t size, std::uint8_t with = 0)
      : Exchange(OpCode::read, from, std::string(size, '\0'), with) {}
  [[nodiscard]] std::string text() const {
    return buffer.substr(0, static_cast<std::size_t>(std::max(result, 0)));
  }
};

struct Closing : Operation {
  explicit Closing(Descriptor& what) : Operation(OpCode::close) { descriptor = &what; }
};

struct Polling : Poll {
  Polling(Descriptor& what, std::uint32_t wanted) : Poll(wanted) { descriptor = &what; }
};

struct Named {
  const char* name;
  MakePoller make;
};

class Readiness : public ::testing::TestWithParam<Named> {
 protected:
  void SetUp() override {
    auto below = GetParam().make();
    ASSERT_TRUE(below.has_value()) << below.error().reason;
    auto poller = std::make_unique<CountingPoller>(std::move(*below), counts_);
    driver_ = std::make_unique<ReadinessDriver>(std::move(poller));
    driver_->attach(make_blocking_pool(driver_->notify(), 2));
  }

  void TearDown() override {
    while (!adopted_.empty()) close(*adopted_.back());
  }

  /// The driver closes it at the end of the test.
  Descriptor& adopt(Fd& fd, FdKind kind = FdKind::socket) {
    Descriptor& descriptor = table_.adopt(fd.release(), kind, nullptr);
    adopted_.push_back(&descriptor);
    return descriptor;
  }

  void start(Operation& operation) { todo_.push_back(operation); }

  /// One turn; what it gave back counts as seen.
  void turn(Deadline until = Deadline::now()) {
    OpList done;
    driver_->turn(std::exchange(todo_, OpList()), until, done);
    while (Operation* operation = done.pop_front()) back_.push_back(operation);
  }

  [[nodiscard]] bool is_back(const Operation& operation) const {
    return std::find(back_.begin(), back_.end(), &operation) != back_.end();
  }

  void finish(const Operation& operation) {
    while (!is_back(operation)) turn(Deadline::never());
  }

  void close(Descriptor& descriptor) {
    Closing closing(descriptor);
    start(closing);
    finish(closing);
    std::erase(back_, &closing);  // The next may stand where this one stood.
    table_.release(descriptor);
    std::erase(adopted_, &descriptor);
  }

  DescriptorTable table_;
  CountingPoller::Counts counts_;
  std::unique_ptr<ReadinessDriver> driver_;
  OpList todo_;
  std::vector<Operation*> back_;
  std::vector<Descriptor*> adopted_;
};

}  // namespace readiness_fixture
}  // namespace rota
