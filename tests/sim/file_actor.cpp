#include "sim/file_actor.hpp"

#include "sim/file_slot.hpp"
#include "sim/world.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>

namespace rota::simulation {
namespace {

constexpr std::size_t kSlotBytes = 3000;  ///< no multiple of a page: slots share pages

/// In memory where there is such a place: a disk would spend the time of the run in fsync.
std::filesystem::path directory() {
  const std::filesystem::path memory = "/dev/shm";
  return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

/// Unique among all runs and processes; the name is not part of what a run sees.
std::string fresh_path() {
  static std::atomic<unsigned> count{0};
  const std::string name =
      "rota-sim-" + std::to_string(::getpid()) + "-" + std::to_string(count.fetch_add(1));
  return (directory() / name).string();
}

}  // namespace

FileActor::FileActor(World& world)
    : world_(world),
      path_(fresh_path()),
      slots_(world.random().between(1, 3)),
      slots_left_(slots_) {}

FileActor::~FileActor() { ::unlink(path_.c_str()); }

void FileActor::begin() { open(); }

void FileActor::open() {
  open_.emplace(path_.c_str(), O_RDWR | O_CREAT, 0600);
  world_.submit(*open_, *this);
}

void FileActor::completed(Operation& operation) {
  if (operation.result < 0) world_.expect_explained(operation);
  switch (operation.code) {
    case OpCode::open: return opened();
    case OpCode::truncate: return resized();
    default: return inspected();
  }
}

/// A refusal leaves nothing behind: it is simply tried again.
void FileActor::opened() {
  if (open_->result < 0) return open();
  endpoint_ = &world_.add_endpoint(open_->result, FdKind::file, world_.add_link());
  endpoint_->enter();
  resize();
}

void FileActor::resize() {
  if (endpoint_->closing()) return endpoint_->leave();
  truncate_.emplace(slots_ * kSlotBytes);
  truncate_->descriptor = &endpoint_->descriptor();
  world_.submit(*truncate_, *this);
}

void FileActor::resized() {
  if (truncate_->result < 0) return resize();
  model_.resize(slots_ * kSlotBytes);
  if (endpoint_->closing()) return endpoint_->leave();
  for (std::size_t i = 0; i < slots_; ++i) {
    const std::span part = std::span(model_).subspan(i * kSlotBytes, kSlotBytes);
    world_.add<FileSlot>(*this, *endpoint_, part, i * kSlotBytes);
  }
}

void FileActor::slot_finished() {
  slots_left_ -= 1;
  if (slots_left_ == 0) inspect();
}

void FileActor::inspect() {
  if (endpoint_->closing()) return endpoint_->leave();
  stat_.emplace(&about_);
  stat_->descriptor = &endpoint_->descriptor();
  world_.submit(*stat_, *this);
}

void FileActor::inspected() {
  if (stat_->result < 0) return inspect();
  if (about_.stx_size != model_.size()) world_.fail("a file has not the size it was given");
  endpoint_->leave();
}

void FileActor::check_end() {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return world_.fail("a file that was written is gone");
  std::vector<std::byte> found(model_.size() + 1);
  const ssize_t bytes = ::pread(fd, found.data(), found.size(), 0);
  ::close(fd);
  found.resize(static_cast<std::size_t>(std::max<ssize_t>(bytes, 0)));
  if (found != model_) world_.fail("a file does not hold what was written to it");
}

}  // namespace rota::simulation
