#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/fork_join.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace rota {
namespace {

using model::Failure;

enum class Bug { none, relaxed_end, relaxed_wait, wait_in_two_steps };

// A copy of ForkJoin with one fault planted.
template <Bug bug>
class BrokenJoin {
 public:
  void note_theft() { thefts_ += 1; }
  bool wait() {
    const std::int32_t thefts = std::exchange(thefts_, 0);
    if (thefts == 0) return false;
    if constexpr (bug == Bug::wait_in_two_steps) {
      const std::int32_t seen = running_.load(MemoryOrder::acquire);
      running_.store(seen + thefts, MemoryOrder::release);
      return seen + thefts != 0;
    }
    const MemoryOrder order =
        bug == Bug::relaxed_wait ? MemoryOrder::relaxed : MemoryOrder::acq_rel;
    return running_.fetch_add(thefts, order) + thefts != 0;
  }
  bool end_child() {
    const MemoryOrder order = bug == Bug::relaxed_end ? MemoryOrder::relaxed : MemoryOrder::acq_rel;
    return running_.fetch_sub(1, order) == 1;
  }

 private:
  Atomic<std::int32_t> running_{0};
  std::int32_t thefts_ = 0;
};

// A function that two thieves have stolen, one after the other, and the children that the victims
// still run. Whoever goes on after the join finds both results, and nobody else goes on.
template <class Join>
void two_children() {
  Join join;
  std::array<model::Plain<int>, 2> results{};
  model::Plain<int> own{0};
  model::Plain<int> continued{0};
  model::label(join, "join");
  auto go_on = [&] {
    model::check(results[0] == 1 && results[1] == 1, "every result is seen after the join");
    model::check(own == 1, "so is what the function did before");
    continued = continued + 1;
  };
  auto end_child = [&](std::size_t which) {
    results[which] = 1;
    if (join.end_child()) go_on();
  };
  join.note_theft();
  join.note_theft();
  model::Thread first = model::spawn("first child", [&] { end_child(0); });
  model::Thread second = model::spawn("second child", [&] { end_child(1); });
  model::Thread function = model::spawn("function", [&] {
    own = 1;
    if (!join.wait()) go_on();
  });
  first.join();
  second.join();
  function.join();
  model::check(continued == 1, "the function goes on once");
  model::check(!join.wait(), "with nothing stolen there is nothing to wait for");
}

TEST(fork_join, a_function_goes_on_once_and_sees_what_its_children_wrote) {
  model::expect_holds(model::explore({}, two_children<ForkJoin>));
}

TEST(fork_join, planted_relaxed_end_is_found) {
  model::expect_found(model::explore({}, two_children<BrokenJoin<Bug::relaxed_end>>),
                      Failure::Kind::race);
}

TEST(fork_join, planted_relaxed_wait_is_found) {
  model::expect_found(model::explore({}, two_children<BrokenJoin<Bug::relaxed_wait>>),
                      Failure::Kind::race);
}

TEST(fork_join, planted_wait_in_two_steps_is_found) {
  model::expect_found(model::explore({}, two_children<BrokenJoin<Bug::wait_in_two_steps>>),
                      Failure::Kind::check);
}

}  // namespace
}  // namespace rota
