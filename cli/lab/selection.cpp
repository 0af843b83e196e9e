#include "selection.hpp"

#include "workloads.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>

namespace rota::cli {
namespace {

bool names(const std::string& word, const Workload& workload) {
  return word == workload.family ||
         ::fnmatch(word.c_str(), std::string(workload.name).c_str(), 0) == 0;
}

}  // namespace

std::vector<const Workload*> selected_workloads(const std::vector<std::string>& words) {
  std::vector<const Workload*> selected;
  for (const Workload& workload : workloads) {
    const bool is_named =
        std::ranges::any_of(words, [&](const std::string& word) { return names(word, workload); });
    const bool is_default = words.empty() && workload.measured == Measured::always;
    if (is_named || is_default) selected.push_back(&workload);
  }
  return selected;
}

std::string refusal_of_word(const std::string& word) {
  if (!selected_workloads({word}).empty()) return {};
  std::string families;
  std::string named;
  std::string_view last;
  for (const Workload& workload : workloads) {
    if (workload.family != last) {
      families += (last.empty() ? "" : ", ") + std::string(workload.family);
    }
    last = workload.family;
    named += (named.empty() ? "" : ", ") + std::string(workload.name);
  }
  return "'" + word + "' names no workload.\nName a family: " + families +
         "; a pattern, such as 'read-cold-*';\nor one of: " + named;
}

std::string list_of_workloads() {
  std::size_t columns = 0;
  for (const Workload& workload : workloads) columns = std::max(columns, workload.name.size());
  std::string text;
  for (const Workload& workload : workloads) {
    std::string name(workload.name);
    name.resize(columns + 2, ' ');
    const char* mark = workload.measured == Measured::always ? "  * " : "    ";
    text += mark + name + std::string(workload.title) + '\n';
  }
  return text;
}

}  // namespace rota::cli
