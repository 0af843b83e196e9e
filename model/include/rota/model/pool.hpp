#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace rota::model {

// Objects that live until the end of an execution and keep their addresses. The memory is kept for
// the next execution, so that none allocates once the longest has been seen. What `take` gives
// still holds what was left in it.
template <class T>
class Pool {
 public:
  T& take() {
    if (taken_ == chunks_.size() * chunk) {
      chunks_.push_back(std::make_unique<T[]>(chunk));
    }
    return at(taken_++);
  }

  void clear() noexcept { taken_ = 0; }

  template <class Visit>
  void for_each(Visit visit) {
    for (std::size_t i = 0; i < taken_; ++i) {
      visit(at(i));
    }
  }

 private:
  static constexpr std::size_t chunk = 64;

  T& at(std::size_t index) { return chunks_[index / chunk][index % chunk]; }

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::size_t taken_ = 0;
};

}  // namespace rota::model
