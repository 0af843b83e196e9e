#pragma once

#include <rota/core/operation.hpp>
#include <rota/core/stream.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace rota::simulation {

/// Who owes what: every operation that was given to the driver and did not come back. Finds
/// operations that come back twice, out of the order of their lane, or after their Descriptor's
/// close. In order of submission, so that a random choice is the same in every run.
class Ledger {
 public:
  void add(Operation& operation);
  /// The driver has all of them now: from here on they may be cancelled.
  void mark_given();
  void mark_cancelled(Operation& operation);
  /// The operation came through `done`. Empty, or what is wrong with that.
  [[nodiscard]] std::string take(Operation& operation);
  /// The Stream is with its consumer, disarmed, without having come through `done` again.
  void settle(Stream& stream);

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] Operation& at(std::size_t index) const { return *entries_[index].operation; }
  [[nodiscard]] bool is_given(std::size_t index) const { return entries_[index].given; }
  [[nodiscard]] bool has_any_on(const Descriptor& descriptor) const;

 private:
  struct Entry {
    Operation* operation;
    bool cancelled = false;
    bool given = false;
  };

  std::vector<Entry>::iterator find(const Operation& operation);
  [[nodiscard]] bool overtakes(const Entry& entry) const;

  std::vector<Entry> entries_;
};

}  // namespace rota::simulation
