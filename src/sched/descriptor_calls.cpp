#include <rota/core/check_usage.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/operation_leaf.hpp>
#include <rota/core/stream.hpp>
#include <rota/core/worker_calls.hpp>

#include "core/descriptor.hpp"
#include "sched/worker.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace rota::inline v0 {

namespace {

Worker& worker_of_task() noexcept {
  const TaskHeader* task = current_task();
  check_usage(task != nullptr, "sockets, files and watches are opened only in a task");
  return *task->home;
}

}  // namespace

Descriptor& adopt_fd(int fd, FdKind kind, FdOwner owner) {
  Worker& home = worker_of_task();
  Descriptor& descriptor = home.runtime().descriptors().adopt(fd, kind, &home);
  descriptor.borrowed = owner == FdOwner::caller;
  return descriptor;
}

Descriptor& reserve_socket() { return adopt_fd(-1, FdKind::socket); }

void own_accepted(Descriptor& reserved, const Operation& accept) noexcept {
  reserved.placed = accept.result_flags == result_is_place;
  (reserved.placed ? reserved.driver_index : reserved.fd) = accept.result;
}

void abandon(Descriptor& descriptor) noexcept {
  RuntimeSection section;
  Worker::close_unwaited(descriptor, section.worker());
}

void release_closed(Descriptor& descriptor) noexcept {
  if (Stream* stream = descriptor.ahead) stream->fd_closed(*stream);
  descriptor.home->runtime().descriptors().release(descriptor);
}

int fd_of(const DescriptorRef& descriptor) noexcept {
  return descriptor ? descriptor.get()->fd : -1;
}

bool gives_place(const Descriptor& listener, const Runnable& self) noexcept {
  Worker& here = *self.task->home;
  return here.driver().traits().gives_places && listener.home == &here;
}

int socket_flags() noexcept {
  const bool nonblocking = worker_of_task().driver().traits().nonblocking_fds;
  return nonblocking ? SOCK_CLOEXEC | SOCK_NONBLOCK : SOCK_CLOEXEC;
}

bool CloseLeaf::start(Runnable& self) noexcept {
  if (!descriptor_) {
    operation_.result = -EBADF;
    return false;
  }
  operation_.descriptor = descriptor_.release();
  if (operation_.descriptor->borrowed) operation_.flags = op_keep_fd;
  operation_.waiter = &self;
  operation_.cancel = [](Leaf&) noexcept {};
  return submit(operation_, node_);
}

Result<void> CloseLeaf::finish() noexcept {
  if (operation_.descriptor != nullptr) release_closed(*operation_.descriptor);
  if (operation_.result < 0) return failure(-operation_.result);
  return {};
}

}  // namespace rota::inline v0
