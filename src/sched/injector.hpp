#pragma once

#include "sched/locked_queue.hpp"

namespace rota::inline v0 {

// The queue that all workers share: what comes from a thread that is no worker.
//
// Publish, then look for a sleeper; announce, then look here: whoever puts in writes the count and
// then reads who sleeps (park_word.hpp rule 4, idle_set.hpp rule 6). Writing and reading the count
// are seq_cst, so that this holds against either of the two.
//
// A lock is enough. Workers come here for a batch, once per ~200 us of work or when they have
// nothing else, and ask for their share of the queue, never for all.
template <class T>
using Injector = LockedQueue<T, MemoryOrder::seq_cst>;

}  // namespace rota::inline v0
