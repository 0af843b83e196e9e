#pragma once

#include <rota/config.hpp>

#include <cstdint>

namespace rota::cli {

enum class OutputFormat : std::uint8_t { text, json };

/// `rota doctor`: what this kernel and this process may use, and what Rota would choose. Returns
/// the exit status: 0, or 1 when no driver at all can be used. Beside `as_kernel`, if it is not {},
/// the choice is the one of a machine with that kernel.
int run_doctor(OutputFormat format, KernelRelease as_kernel);

}  // namespace rota::cli
