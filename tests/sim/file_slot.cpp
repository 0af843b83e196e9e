#include "sim/file_slot.hpp"

#include "sim/file_actor.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <array>

namespace rota::simulation {

FileSlot::FileSlot(World& world, FileActor& file, Endpoint& endpoint, std::span<std::byte> model,
                   std::uint64_t begin_offset)
    : world_(world),
      file_(file),
      endpoint_(endpoint),
      model_(model),
      begin_offset_(begin_offset),
      left_(world.random().between(1, 12)) {}

void FileSlot::begin() {
  endpoint_.enter();
  go_on();
}

void FileSlot::go_on() {
  if (left_ == 0 || endpoint_.closing()) {
    file_.slot_finished();
    return endpoint_.leave();
  }
  left_ -= 1;
  if (world_.random().chance(50)) return sync();
  transfer();
}

void FileSlot::sync() {
  sync_.emplace(world_.random().chance(500) ? OpCode::sync : OpCode::sync_data);
  sync_->descriptor = &endpoint_.descriptor();
  world_.submit(*sync_, *this);
}

void FileSlot::transfer() {
  if (!slot_.untouched()) return world_.fail("a buffer was touched between two transfers");
  Random& random = world_.random();
  const auto size = static_cast<std::uint32_t>(model_.size());
  position_ = random.below(size);
  TransferPlan plan;
  plan.bytes = random.between(1, size - static_cast<std::uint32_t>(position_));
  plan.vectored = random.chance(300);
  plan.offset = begin_offset_ + position_;
  if (random.chance(500)) {
    return world_.submit(slot_.prepare_read(endpoint_.descriptor(), plan), *this);
  }
  plan.durable = !plan.vectored && random.chance(300);
  std::array<std::byte, TransferSlot::kBytes> bytes;
  const std::span piece = std::span(bytes).first(plan.bytes);
  const std::uint32_t first = random.below(256);
  for (std::size_t i = 0; i < piece.size(); ++i) {
    piece[i] = static_cast<std::byte>(first + i * 7 + (i >> 8));
  }
  world_.submit(slot_.prepare_write(endpoint_.descriptor(), plan, piece), *this);
}

void FileSlot::completed(Operation& operation) {
  const bool is_transfer = slot_.owns(operation);
  if (is_transfer) took(operation);
  if (operation.result < 0) world_.expect_explained(operation);
  go_on();
}

void FileSlot::took(Operation& operation) {
  if (!slot_.take_back()) return world_.fail("a file transfer touched what it should not");
  const bool reads = operation.code == OpCode::read_at || operation.code == OpCode::read_vector_at;
  if (operation.result >= 0 && slot_.moved() < slot_.asked() && !world_.has_faults()) {
    return world_.fail("a file transfer came short for no reason");
  }
  if (reads) return check_read();
  note_written(operation);
}

void FileSlot::check_read() {
  const std::span expected = model_.subspan(position_, slot_.moved());
  if (!std::ranges::equal(slot_.content(), expected)) {
    world_.fail("a file read brought other bytes than those that were written");
  }
}

void FileSlot::note_written(const Operation& operation) {
  const bool forgets = world_.has(Defect::file_ignores_short_count) && operation.result > 0;
  const std::span bytes = slot_.content().first(forgets ? slot_.asked() : slot_.moved());
  std::ranges::copy(bytes, model_.begin() + static_cast<std::ptrdiff_t>(position_));
}

}  // namespace rota::simulation
