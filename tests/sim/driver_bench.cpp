#include "sim/driver_bench.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace rota::simulation {
namespace {

/// What is there comes back within a few turns; more mean that it never does.
constexpr int kMostTurns = 10'000;

void check(ssize_t returned, const char* what) {
  if (returned < 0) throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

DriverBench::~DriverBench() {
  for (Descriptor* descriptor : open_) {
    ::close(descriptor->fd);
    table.release(*descriptor);
  }
}

std::array<Descriptor*, 2> DriverBench::sockets(int type) {
  std::array<int, 2> fds{};
  check(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), "socketpair");
  return {&adopt(fds[0], FdKind::socket), &adopt(fds[1], FdKind::socket)};
}

std::array<Descriptor*, 2> DriverBench::pipe() {
  std::array<int, 2> fds{};
  check(::pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC), "pipe2");
  return {&adopt(fds[0], FdKind::stream), &adopt(fds[1], FdKind::stream)};
}

Descriptor& DriverBench::adopt(int fd, FdKind kind) {
  return *open_.emplace_back(&table.adopt(fd, kind, nullptr));
}

void DriverBench::forget(Descriptor& descriptor) {
  std::erase(open_, &descriptor);
  table.release(descriptor);
}

void DriverBench::start(std::initializer_list<Operation*> operations) {
  for (Operation* operation : operations) todo_.push_back(*operation);
}

std::vector<Operation*> DriverBench::collect(std::size_t count) {
  std::vector<Operation*> back;
  for (int turn = 0; back.size() < count; ++turn) {
    if (turn == kMostTurns) throw std::runtime_error("operations did not come back");
    OpList done;
    OpList todo = std::exchange(todo_, OpList{});
    driver.turn(std::move(todo), Deadline::at(driver.now() + Duration{1'000'000'000}), done);
    while (Operation* operation = done.pop_front()) back.push_back(operation);
  }
  return back;
}

void put(const Descriptor& to, std::string_view bytes) {
  check(::write(to.fd, bytes.data(), bytes.size()), "write");
}

}  // namespace rota::simulation
