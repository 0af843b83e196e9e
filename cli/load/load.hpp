#pragma once

#include <expected>
#include <string>

#include "load_options.hpp"
#include "load_report.hpp"

namespace rota::cli {

/// Drives an echo server on 127.0.0.1 in a closed loop and reports what it saw. Runs on the
/// calling thread until done; meant to be a process of its own, on another core than the server.
///
/// The window: all connections are made, `ready` is announced, with `gated` a line is awaited on
/// stdin, the warm-up runs, `begin` is announced, the window is measured, `end` is announced, and
/// what is outstanding is drained, so that a server sees orderly ends only. Announcements are lines
/// written to `events_fd`. The server's CPU time is read at `begin` and `end` by the generator
/// itself, which no scheduling delay of a third process can blur.
///
/// An interrupt, where the caller has them noted (interrupt.hpp), ends the window early.
///
/// An error is a sentence for the user: nobody listens, too few descriptors, no answer at all.
std::expected<LoadReport, std::string> run_load(const LoadOptions& options);

}  // namespace rota::cli
