// oneTBB's tasks: spawn and join. It has no task that waits, so neither yield nor channels.
//
//   tbb_tasks [--threads N]

#include "../../raw/task_work.hpp"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

namespace {

using namespace rota::bench;

void spawn_and_join() {
  oneapi::tbb::task_group group;
  for (std::uint64_t i = 0; i < kSpawns; ++i) {
    group.run([] {});
    group.wait();
  }
}

}  // namespace

int main(int count, char** words) {
  const int threads = threads_of(count, words);
  const oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                          static_cast<std::size_t>(threads));
  oneapi::tbb::task_arena arena(threads);
  arena.execute([threads] { measure_tasks("spawn_join", threads, kSpawns, spawn_and_join); });
}
