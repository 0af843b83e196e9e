#pragma once

#include "core/counter.hpp"

namespace rota::inline v0 {

/// How often a faster way was given up because it was none, or had to be begun anew. Written by
/// whoever carries the driver's worker; any thread reads.
struct DriverCounters {
  Counter demoted_sends;      ///< connections whose sends in place are copies from now on
  Counter demoted_reads;      ///< files whose reads are tried at once no more (Descriptor::cached)
  Counter demoted_files;      ///< files for which a ring is asked for a thread at once
  Counter restarted_streams;  ///< multishot operations that the kernel has ended unasked
  Counter dry_receives;       ///< receives that found no buffer of the ring's
  Counter punted_files;       ///< operations on files that a ring had to give to a kernel's thread
};

}  // namespace rota::inline v0
