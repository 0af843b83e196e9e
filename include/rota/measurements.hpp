#pragma once

#include <rota/core/build_mark.hpp>
#include <rota/core/instant.hpp>
#include <rota/result.hpp>

#include <optional>
#include <string>

namespace rota::inline v0 {

/// What a few calls take on this machine: medians. Zero: the call cannot be made here.
struct Measurements {
  Duration wake;         ///< from when a thread is roused that sleeps on another CPU until it runs
  Duration wake_call;    ///< of that, what the thread pays that rouses it
  Duration system_call;  ///< one that does nothing
  Duration ring_call;    ///< io_uring_enter with an operation that does nothing
  std::string folder;    ///< the file system of the reads
  Duration read;         ///< of a page that the page cache has, by preadv2(RWF_NOWAIT). Zero: this
                         ///< file system cannot tell whether a read would block
  Duration ring_read;    ///< the same read alone in a ring
  bool ring_reads_inline = false;  ///< which is complete when the call returns that submits it: it
                                   ///< went to no thread of the kernel's
};

/// Measures, with a file in `folder` that has no name, or is gone again; empty: where temporary
/// files are. Blocks for some milliseconds and starts two threads that end within them. Any thread;
/// throws std::bad_alloc.
[[nodiscard]] Measurements measure_machine(const std::string& folder = {});

/// What `keep_measurements` has kept, if it was on this machine since it booted, with this kernel
/// and as many CPUs. Any thread; throws std::bad_alloc.
[[nodiscard]] std::optional<Measurements> kept_measurements();

/// Keeps them for later programs of the same user, in $XDG_CACHE_HOME/rota/measurements or else
/// ~/.cache/rota/measurements: whoever reads it meanwhile finds the old ones or the new ones. The
/// error says why not, as where the folder may not be written. Any thread; throws std::bad_alloc.
Result<void> keep_measurements(const Measurements& measured);

}  // namespace rota::inline v0
