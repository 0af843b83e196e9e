#pragma once

#include <rota/core/atomic.hpp>
#include <rota/core/throwing.hpp>
#include <rota/fork.hpp>
#include <rota/result.hpp>
#include <rota/stop.hpp>

#include <cerrno>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace rota::inline v0 {

/// One `parallel_reduce`, for all of its pieces. The functions and the identity are the caller's;
/// the flags are set by any piece. Relaxed: they only end what need not be done, and the joins of
/// the pieces order all else.
template <class T, class Map, class Combine>
class Reduction {
 public:
  Reduction(const T& identity, Map& map, Combine& combine) noexcept
      : identity_(identity), map_(map), combine_(combine) {}
  Reduction(const Reduction&) = delete;
  Reduction& operator=(const Reduction&) = delete;

  [[nodiscard]] const T& identity() const noexcept { return identity_; }
  [[nodiscard]] T combined(T left, T right) { return combine_(std::move(left), std::move(right)); }
  /// Adds the next few to `sum`, and returns the first of the rest; none are left when the whole
  /// must end. Few enough to soon look again whether somebody wants a piece, or a stop; so many
  /// that the looks cost nothing.
  template <class I>
  [[nodiscard]] I add_some(T& sum, I first, I last) {
    if (must_end()) return last;
    std::uint64_t some = count(first, last) / kLooks + 1;
    if (some > kMostAtOnce) some = kMostAtOnce;
    const I end = static_cast<I>(first + static_cast<I>(some));
    ROTA_TRY {
      for (; first != end; ++first) sum = combine_(std::move(sum), map_(first));
    }
    ROTA_CATCH_ALL {
      ended_.store(true, MemoryOrder::relaxed);
      throw_again();
    }
    return end;
  }
  template <class I>
  [[nodiscard]] static std::uint64_t count(I first, I last) noexcept {
    return static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
  }
  /// Whether a stop has left something undone.
  [[nodiscard]] bool was_stopped() const noexcept { return stopped_.load(MemoryOrder::relaxed); }

 private:
  static constexpr std::uint64_t kLooks = 32;  // In what a piece has left: a thirty-second of the
                                               // work is as late as a theft is answered.
  static constexpr std::uint64_t kMostAtOnce = 1024;  // A microsecond of the cheapest work.

  [[nodiscard]] bool must_end() noexcept {
    if (ended_.load(MemoryOrder::relaxed)) return true;
    if (!stop_requested()) return false;
    stopped_.store(true, MemoryOrder::relaxed);
    ended_.store(true, MemoryOrder::relaxed);
    return true;
  }

  const T& identity_;
  Map& map_;
  Combine& combine_;
  Atomic<bool> ended_{false};
  Atomic<bool> stopped_{false};
};

/// The part from `first` to `last`. It divides itself when there is nothing else to steal, so that
/// there are as many pieces as thefts ask for, whatever the work is like.
template <class I, class T, class Map, class Combine>
Fork<T> reduce_piece(Reduction<T, Map, Combine>& all, I first, I last) {
  T sum = all.identity();
  while (first != last) {
    const std::uint64_t left_over = all.count(first, last);
    if (left_over == 1 || !forks_wanted()) {
      first = all.add_some(sum, first, last);
      continue;
    }
    const I middle = static_cast<I>(first + static_cast<I>(left_over / 2));
    T low = all.identity();
    co_await fork(low, reduce_piece<I, T, Map, Combine>, all, first, middle);
    T high = co_await reduce_piece<I, T, Map, Combine>(all, middle, last);
    co_await join();
    T both = all.combined(std::move(low), std::move(high));
    co_return all.combined(std::move(sum), std::move(both));
  }
  co_return sum;
}

/// Combines `map(i)` for every i from `first` up to `last`, in this order: `combine` must be
/// associative and need not be commutative, and `identity` changes nothing that it is combined
/// with.
///
/// There is no grain to tune: the range is divided only when somebody has time for a part of it.
///
/// @threads one task, a fiber or a forking function; where workers steal several run the functions
/// at once
/// @loses what was not begun when the stop came; `operation_canceled`, unless all was done
/// @owns the functions and the identity are in the frame that waits
/// @errors the first exception of the functions ends the rest early and is rethrown
template <std::integral I, class T, class Map, class Combine>
Fork<Result<T>> parallel_reduce(std::type_identity_t<I> first, I last, T identity, Map map,
                                Combine combine) {
  Reduction<T, Map, Combine> all(identity, map, combine);
  T total = co_await reduce_piece<I, T, Map, Combine>(all, first, first < last ? last : first);
  if (all.was_stopped()) co_return failure(ECANCELED);
  co_return total;
}

/// Calls `body(i)` for every i from `first` up to `last`, in no order.
///
/// @as parallel_reduce
template <std::integral I, class Body>
Fork<Result<void>> parallel_for(std::type_identity_t<I> first, I last, Body body) {
  struct Nothing {};
  auto map = [&body](I index) {
    body(index);
    return Nothing{};
  };
  auto combine = [](Nothing, Nothing) noexcept { return Nothing{}; };
  const Nothing nothing;
  Reduction<Nothing, decltype(map), decltype(combine)> all(nothing, map, combine);
  co_await reduce_piece<I, Nothing, decltype(map), decltype(combine)>(all, first,
                                                                      first < last ? last : first);
  if (all.was_stopped()) co_return failure(ECANCELED);
  co_return Result<void>();
}

}  // namespace rota::inline v0
