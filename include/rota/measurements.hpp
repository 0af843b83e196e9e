#pragma once

#include <rota/core/build_mark.hpp>
#include <rota/core/instant.hpp>
#include <rota/result.hpp>

#include <optional>
#include <string>
#include <system_error>

namespace rota::inline v0 {

/// What a few calls take on this machine: medians. Zero: this process cannot make the call.
///
/// Wakes are measured once per process, and by their lower quartile: what else the machine does
/// makes them longer, and never shorter.
struct Measurements {
  Duration wake;         ///< from when a thread is roused until it runs, which sleeps on another
                         ///< CPU, or on the same one where only one is allowed
  Duration wake_call;    ///< of that, what the thread pays that rouses it
  Duration system_call;  ///< one that does nothing
  Duration ring_call;    ///< io_uring_enter with an operation that does nothing
  std::string folder;    ///< the file system of the reads
  std::error_code folder_error;  ///< why no file could be made there: then there are no reads
  Duration read;       ///< of a page that the page cache has, by preadv2(RWF_NOWAIT). Zero: this
                       ///< file system cannot tell whether a read would block
  Duration ring_read;  ///< the same read alone in a ring
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
/// error says why not: ENODATA where one is zero, since the next process may be allowed what this
/// one was not; EPERM where a folder of these is somebody else's, or a symbolic link; or what the
/// file system says. Any thread; throws std::bad_alloc.
Result<void> keep_measurements(const Measurements& measured);

}  // namespace rota::inline v0
