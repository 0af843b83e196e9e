#pragma once

#include <rota/core/build_mark.hpp>
#include <rota/core/instant.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

namespace rota::inline v0 {

/// Of many spans of time, how long those were that half of them, 99 % and 99.9 % did not exceed,
/// and the longest. All but the longest are at most one eighth too long.
struct LengthSpread {
  Duration p50;
  Duration p99;
  Duration p999;
  Duration max;
};

/// What runs and waits of tasks add up to. A run lasts from when a task is given the worker until
/// it waits, yields or ends.
struct RunLengths {
  std::uint64_t runs = 0;
  Duration total;
  LengthSpread run;
  /// How long a task was ready in the queue of the worker that then ran it: of a sample, about
  /// one in 251. Not in it: the way to that queue from another thread, and who was stolen from it;
  /// so where much is stolen the samples are fewer, and of those that stayed.
  LengthSpread queued;
  std::uint64_t samples = 0;  ///< each counts for as many as became ready until it ran
};

/// The tasks that one line of a program spawns.
struct KindLengths : RunLengths {
  std::string name;           ///< of its first task; empty where that has none
  std::source_location site;  ///< without a file name: the runtime's own, or those beyond the limit
};

/// The runs of one worker.
struct WorkerLengths : RunLengths {
  Duration average_run;  ///< of the last runs, each of which counts a tenth
};

/// One of the longest runs.
struct LongSlice {
  std::string name;
  std::source_location site;
  Duration length;
  Instant began;            ///< or, if it is one among several, when these did
  std::uint32_t among = 1;  ///< 1: it is this one. Else it is one of so many runs that shared a
                            ///< stamp, and most likely of this kind
  std::size_t worker = 0;
};

/// How long the tasks of a runtime run, and wait to be run.
struct TaskLengths {
  std::vector<KindLengths> kinds;      ///< the most time first
  std::vector<WorkerLengths> workers;  ///< by number
  std::vector<LongSlice> longest;      ///< the longest first, at most 16 of each worker
};

}  // namespace rota::inline v0
