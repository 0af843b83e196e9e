#include <rota/happy_eyeballs.hpp>

#include <rota/core/spin_lock.hpp>
#include <rota/event.hpp>
#include <rota/scope.hpp>
#include <rota/time.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace rota::inline v0 {
namespace {

/// What the attempts come to. They may live on different workers, where tasks move.
class Race {
 public:
  explicit Race(std::size_t attempts) : errors_(attempts) {}

  /// A connection that comes second stays in `connected`, which closes it.
  void end(std::size_t attempt, Result<TcpStream>& connected) noexcept {
    {
      SpinGuard guard(lock_);
      ended_ += 1;
      if (!connected) {
        errors_[attempt] = connected.error();
      } else if (!winner_) {
        winner_.emplace(std::move(*connected));
      }
    }
    changed.set();
  }
  /// Whether there is nothing to wait for before the attempt after this one: it has failed, or
  /// there is a winner; and after the last one, when all have failed.
  [[nodiscard]] bool is_over(std::size_t attempt) noexcept {
    SpinGuard guard(lock_);
    const bool is_last = attempt + 1 == errors_.size();
    const bool failed = is_last ? ended_ == errors_.size() : bool(errors_[attempt]);
    return winner_.has_value() || failed;
  }
  [[nodiscard]] bool is_won() noexcept {
    SpinGuard guard(lock_);
    return winner_.has_value();
  }
  /// After the attempts.
  [[nodiscard]] Result<TcpStream> outcome() noexcept {
    if (winner_) return std::move(*winner_);
    return std::unexpected(errors_.front());
  }

  Event changed;  ///< since it was reset: an attempt ended

 private:
  SpinLock lock_;
  std::optional<TcpStream> winner_;  // under it, like the next two
  std::vector<std::error_code> errors_;
  std::size_t ended_ = 0;
};

Task<void> attempt(Address to, std::size_t index, Race& race) {
  Result<TcpStream> connected = co_await TcpStream::connect(to);
  race.end(index, connected);
}

/// Until the attempt that began last is over, or its time. An error: the caller must stop.
Task<Result<void>> head_start(Race& race, std::size_t attempt, Duration delay) {
  const Instant due = now() + delay;
  while (!race.is_over(attempt)) {
    Result<void> waited = co_await with_deadline(due, race.changed.wait());
    if (!waited && waited.error() == std::errc::timed_out) break;
    if (!waited) co_return waited;
    race.changed.reset();
  }
  co_return Result<void>();
}

Task<Result<void>> start_in_turn(Scope& attempts, Race& race, const std::vector<Address>& addresses,
                                 Duration delay) {
  constexpr Duration for_ever{INT64_MAX / 2};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    static_cast<void>(attempts.spawn(attempt(addresses[i], i, race), SpawnOptions("attempt")));
    const bool is_last = i + 1 == addresses.size();
    Task<Result<void>> waiting = head_start(race, i, is_last ? for_ever : delay);
    Result<void> waited = co_await std::move(waiting);
    if (!waited) co_return waited;
    if (race.is_won()) break;
  }
  co_return Result<void>();
}

}  // namespace

std::vector<Address> interleave_families(std::vector<Address> addresses) {
  if (addresses.empty()) return addresses;
  const int first_family = addresses.front().family();
  std::vector<Address> of_first;
  std::vector<Address> of_others;
  for (const Address& each : addresses) {
    (each.family() == first_family ? of_first : of_others).push_back(each);
  }
  std::vector<Address> ordered;
  ordered.reserve(addresses.size());
  for (std::size_t i = 0; ordered.size() < addresses.size(); ++i) {
    if (i < of_first.size()) ordered.push_back(of_first[i]);
    if (i < of_others.size()) ordered.push_back(of_others[i]);
  }
  return ordered;
}

Task<Result<TcpStream>> connect_to_any(std::vector<Address> addresses, Duration delay) {
  if (addresses.empty()) co_return failure(EINVAL);
  const std::vector<Address> ordered = interleave_families(std::move(addresses));
  Race race(ordered.size());
  Scope attempts(current_runtime(), ScopeCore::OnFailure::keep_siblings);
  Task<Result<void>> racing = start_in_turn(attempts, race, ordered, delay);
  Result<void> raced = co_await std::move(racing);
  attempts.request_stop();
  co_await attempts.children();
  if (!raced && !race.is_won()) co_return std::unexpected(raced.error());
  co_return race.outcome();
}

}  // namespace rota::inline v0
