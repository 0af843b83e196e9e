#pragma once

#include <cstdint>

namespace rota::cli {

enum class OutputFormat : std::uint8_t { text, json };

/// `rota doctor`: what this kernel and this process may use, and what Rota would choose. Returns
/// the exit status: 0, or 1 when no driver at all can be used.
int run_doctor(OutputFormat format);

}  // namespace rota::cli
