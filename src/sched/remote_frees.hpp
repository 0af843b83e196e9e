#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rota::inline v0 {

// Blocks that one thread has freed and that belong to the pools of others, on their way back.
//
// Rules
//   1. One thread owns it. A block stays out of everybody's reach until its batch is handed over;
//      the owner of the block neither waits for it nor asks for it.
//   2. A batch is linked by `next`, newest first, before it is pushed onto the stack of its home
//      with one compare-and-swap: whoever takes the stack finds the links written.
//   3. A batch of `most_blocks` is handed over at once, and so is one whose place another home
//      needs. Whoever owns the batches hands over what is left before it sleeps or goes. So what
//      is underway is bounded, and a thread that has nothing to do holds nothing. (At the end of
//      each pass of a busy worker a batch would be no larger than what one pass frees.)
//
// Places, not a search: homes are numbered, and two whose numbers share a place cost more pushes.
template <class Block, class Stack, std::uint32_t most_blocks = 32, std::size_t places = 8>
class RemoteFrees {
 public:
  RemoteFrees() = default;
  RemoteFrees(const RemoteFrees&) = delete;
  RemoteFrees& operator=(const RemoteFrees&) = delete;

  // `number`: of the home.
  void add(std::size_t number, Stack& home, Block& block) noexcept {
    Batch& batch = batches_[number % places];
    if (batch.home != &home) {
      hand_over(batch);
      batch.home = &home;
    }
    if (batch.count == 0) batch.oldest = &block;
    block.next = batch.newest;
    batch.newest = &block;
    batch.count += 1;
    underway_ += 1;
    if (batch.count == most_blocks) hand_over(batch);
  }

  void hand_over() noexcept {
    if (underway_ == 0) [[likely]]
      return;
    for (Batch& batch : batches_) hand_over(batch);
  }

  // Blocks that are in no stack yet.
  [[nodiscard]] std::uint32_t underway() const noexcept { return underway_; }

 private:
  struct Batch {
    Stack* home = nullptr;
    Block* newest = nullptr;
    Block* oldest = nullptr;
    std::uint32_t count = 0;
  };

  void hand_over(Batch& batch) noexcept {
    if (batch.count == 0) return;
    underway_ -= std::exchange(batch.count, 0);
    batch.home->push_chain(*std::exchange(batch.newest, nullptr), *batch.oldest);
  }

  std::array<Batch, places> batches_{};
  std::uint32_t underway_ = 0;
};

}  // namespace rota::inline v0
