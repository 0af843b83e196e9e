#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// A structure in one of its layouts, and what two threads do with it. The measured thread and its
/// neighbour work at the same time, each on its own part unless the structure is shared.
class Contended {
 public:
  /// What a thread may be asked for at once. Bounds the nodes of a structure that holds some.
  static constexpr std::size_t kMostOperations = std::size_t{1} << 15;

  virtual ~Contended() = default;
  virtual void work(std::size_t operations) noexcept = 0;
  virtual void work_beside(std::size_t operations) noexcept = 0;
  /// By the measured thread after each window, while its neighbour waits.
  virtual void settle() noexcept {}
};

/// How many threads use a structure.
enum class Threads : unsigned char { one, two };

struct ContentionPlan {
  const char* structure;
  const char* layout;
  bool padded;
  Threads threads;
  std::unique_ptr<Contended> (*make)();
};

/// All of them; those of one structure are neighbours.
[[nodiscard]] const std::vector<ContentionPlan>& contention_plans();

}  // namespace rota::inline v0
