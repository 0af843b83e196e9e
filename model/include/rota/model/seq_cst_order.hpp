#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace rota::model {

// What is settled of the one order in which all threads see the seq_cst operations of an execution
// (the S of the standard). It is kept as a partial order: an operation may turn out to come before
// one that ran earlier, because it returned a value that the earlier one had replaced. An execution
// is one of C++ as long as no operation has to come before itself.
class SeqCstOrder {
 public:
  // Bit i for the i-th operation.
  using Set = std::uint64_t;

  // The one operation that stands for a whole past once there were too many to tell apart.
  static constexpr Set past = 1;

  static constexpr std::size_t capacity = 64;

  void clear() noexcept { count_ = 0; }
  [[nodiscard]] bool full() const noexcept { return count_ == capacity; }

  // Forgets how the operations so far are ordered: whatever comes later comes after all of them.
  // Every Set that somebody keeps must then go through `merged`.
  void merge() noexcept {
    before_[0] = 0;
    count_ = 1;
  }
  [[nodiscard]] static constexpr Set merged(Set set) noexcept { return set == 0 ? 0 : past; }

  // The set with everything that comes before it.
  [[nodiscard]] Set closed(Set set) const noexcept {
    Set result = set;
    while (set != 0) {
      // The latest knows most, so the others seldom need a round of their own.
      const auto latest = static_cast<std::size_t>(std::bit_width(set) - 1);
      result |= before_[latest];
      set &= ~(before_[latest] | Set{1} << latest);
    }
    return result;
  }

  // A new operation, after those of a closed set.
  Set add(Set before) noexcept {
    before_[count_] = before;
    return Set{1} << count_++;
  }

  // Puts all of a closed set before each of `after`, which it must not intersect.
  void order(Set before, Set after) noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (((before_[i] | Set{1} << i) & after) != 0) {
        before_[i] |= before;
      }
    }
  }

 private:
  std::array<Set, capacity> before_;
  std::size_t count_ = 0;
};

}  // namespace rota::model
