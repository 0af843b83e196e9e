#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace rota::inline v0 {

/// A FIFO without a bound, in segments of a fixed size. It allocates nothing and frees nothing: it
/// asks for a segment, and gives each back that is empty, so that its owner does both outside the
/// lock that this stands under. Not thread-safe. Of its memory all but one segment holds values.
template <class T>
class SegmentQueue {
  static constexpr std::size_t kSegmentBytes = 4096;  // A page: allocators give it back as one.
  static constexpr std::size_t kHeaderBytes = 2 * sizeof(void*);

 public:
  static constexpr std::size_t kSegmentValues =
      sizeof(T) < kSegmentBytes / 4 ? (kSegmentBytes - kHeaderBytes) / sizeof(T) : 4;

  struct Segment {
    Segment* next = nullptr;
    alignas(T) std::byte bytes[kSegmentValues * sizeof(T)];

    [[nodiscard]] void* at(std::size_t index) noexcept { return bytes + index * sizeof(T); }
  };

  SegmentQueue() = default;
  SegmentQueue(const SegmentQueue&) = delete;
  SegmentQueue& operator=(const SegmentQueue&) = delete;
  ~SegmentQueue() {
    while (!empty()) {
      take_front().~T();
      delete drop_front();
    }
    delete first_;
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == last_ && begin_ == end_; }
  [[nodiscard]] bool wants_segment() const noexcept {
    return last_ == nullptr || end_ == kSegmentValues;
  }
  /// Once it wants one.
  void add_segment(Segment& added) noexcept {
    (last_ != nullptr ? last_->next : first_) = &added;
    last_ = &added;
    end_ = 0;
  }
  /// Unless it wants a segment.
  void push_back(T& value) noexcept {
    ::new (last_->at(end_)) T(std::move(value));
    end_ += 1;
  }
  /// The oldest value, to be moved out and destroyed before `drop_front`; unless it is empty.
  [[nodiscard]] T& take_front() noexcept {
    return *std::launder(static_cast<T*>(first_->at(begin_)));
  }
  /// Forgets the place of the oldest value. Yields a segment to delete, or null: the last one stays
  /// for what comes next.
  [[nodiscard]] Segment* drop_front() noexcept {
    begin_ += 1;
    if (first_ == last_) {
      if (begin_ == end_) begin_ = end_ = 0;
      return nullptr;
    }
    if (begin_ < kSegmentValues) return nullptr;
    begin_ = 0;
    return std::exchange(first_, first_->next);
  }

 private:
  Segment* first_ = nullptr;
  Segment* last_ = nullptr;
  std::size_t begin_ = 0;  // of the first segment
  std::size_t end_ = 0;    // of the last one
};

}  // namespace rota::inline v0
