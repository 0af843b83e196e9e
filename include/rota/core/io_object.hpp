#pragma once

#include <rota/await.hpp>
#include <rota/core/descriptor_ref.hpp>
#include <rota/core/move_leaf.hpp>
#include <rota/core/operation_leaf.hpp>

#include <cstdint>
#include <utility>

namespace rota::inline v0 {

/// What every owner of one Descriptor can do, whatever is behind it. Moved from or closed it has
/// none, and whatever is asked of it fails with `bad_file_descriptor`. The destructor closes in the
/// background.
class IoObject {
 public:
  /// Ends what is in flight, waits for it and closes; reports what close(2) does.
  [[nodiscard]] Await<CloseLeaf> close() noexcept {
    return Await<CloseLeaf>(std::in_place, std::move(descriptor_));
  }
  /// Moves it to the worker that is named: from then on its driver waits for it, and tasks that run
  /// there use it without asking another worker. Nothing that the peer sends meanwhile is lost.
  /// Fails with `device_or_resource_busy` while a wait of another task is in flight, and then it
  /// stays where it is; so it does when the wait is refused by a stop, which cannot cancel a move
  /// that has begun. Fails with `bad_file_descriptor` once it was closed or moved from; nobody
  /// closes it meanwhile. Where workers steal, over epoll or io_uring, it follows its tasks by
  /// itself, sooner or later, also after this. Only in a task.
  [[nodiscard]] Await<MoveLeaf> move_to(WorkerIndex worker) noexcept {
    return Await<MoveLeaf>(std::in_place, descriptor_.get(), worker);
  }
  /// For what is not here; -1 once it was given up. The number stays the object's.
  [[nodiscard]] int fd() const noexcept { return fd_of(descriptor_); }

 protected:
  explicit IoObject(DescriptorRef descriptor) noexcept : descriptor_(std::move(descriptor)) {}
  IoObject(IoObject&&) noexcept = default;
  IoObject& operator=(IoObject&&) noexcept = default;
  ~IoObject() = default;

  [[nodiscard]] Descriptor* descriptor() const noexcept { return descriptor_.get(); }

 private:
  friend struct SpliceEnd;

  DescriptorRef descriptor_;
};

/// What copying through the kernel needs of an object whose type says that it `splices`.
struct SpliceEnd {
  Descriptor* descriptor;
  std::uint64_t* position = nullptr;  ///< of a File's next byte, which moves along; else null

  explicit SpliceEnd(const IoObject& object) noexcept : descriptor(object.descriptor()) {}
  SpliceEnd(Descriptor* file, std::uint64_t* at) noexcept : descriptor(file), position(at) {}
};

}  // namespace rota::inline v0
