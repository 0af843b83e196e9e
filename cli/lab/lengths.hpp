#pragma once

#include "cli/doctor.hpp"
#include "mixed_lengths.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rota::cli {

struct LengthsOptions {
  std::uint32_t workers = 2;
  unsigned rounds = 3;
  double seconds = 1;
  std::uint64_t seed = 1;
  OutputFormat format = OutputFormat::text;
};

/// `rota lab lengths`: short, medium and long tasks under each discipline. The exit status: 0, or
/// 1 when it cannot be measured here.
int run_lengths(const LengthsOptions& options);

using DisciplineResult = std::pair<Discipline, DisciplineFigures>;

/// What is to be seen in the figures, in sentences.
std::vector<std::string> lengths_in_words(const std::vector<DisciplineResult>& results);

std::string lengths_json(const std::vector<DisciplineResult>& results,
                         const std::vector<std::pair<std::string, std::string>>& configuration);

}  // namespace rota::cli
