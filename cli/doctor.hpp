#pragma once

#include <rota/config.hpp>

#include <cstdint>

namespace rota::cli {

enum class OutputFormat : std::uint8_t { text, json };

struct DoctorOptions {
  OutputFormat format = OutputFormat::text;
  KernelRelease as_kernel;  ///< {}, or the choice is the one of a machine with that kernel
  bool measures = false;    ///< anew, and keeps what it finds for later programs
};

/// `rota doctor`: what this kernel and this process may use, and what Rota would choose. Returns
/// the exit status: 0, or 1 when no driver at all can be used.
int run_doctor(const DoctorOptions& options);

}  // namespace rota::cli
