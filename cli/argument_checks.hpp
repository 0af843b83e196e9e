#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <rota/config.hpp>

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace rota::cli {

// What an argument must be, with refusals that name what is allowed. For main.cpp.

inline std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// The same in lines that stand beside the names of options in a help text.
inline std::string joined_in_lines(const std::vector<std::string>& words) {
  constexpr std::size_t columns = 68;
  std::string text;
  std::size_t line = 0;  // where the last one begins
  for (const std::string& word : words) {
    if (!text.empty()) {
      const bool fits = text.size() + word.size() < line + columns;
      text += fits ? ", " : ",\n";
      if (!fits) line = text.size();
    }
    text += word;
  }
  return text;
}

/// A check that names what is allowed; the option's own name is put in front by the parser.
inline CLI::Validator one_of(const std::vector<std::string>& allowed) {
  return CLI::Validator(
      [allowed](const std::string& value) -> std::string {
        for (const std::string& name : allowed) {
          if (name == value) return {};
        }
        return "'" + value + "' is not one of: " + joined(allowed);
      },
      {});
}

inline CLI::Validator within(double least, double most) {
  const auto text = [](double value) {
    std::string digits = std::to_string(value);
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return digits;
  };
  const std::string range = text(least) + " to " + text(most);
  return CLI::Validator(
      [least, most, range](const std::string& value) -> std::string {
        double number = 0;
        const bool is_number = CLI::detail::lexical_cast(value, number);
        if (is_number && number >= least && number <= most) return {};
        return "'" + value + "' is not a number from " + range;
      },
      {});
}

/// "6.1", or nothing of that form.
inline std::optional<KernelRelease> read_release(const std::string& text) {
  KernelRelease release;
  int read = 0;
  const int fields =
      std::sscanf(text.c_str(), "%hu.%hu%n", &release.version, &release.patchlevel, &read);
  if (fields != 2 || static_cast<std::size_t>(read) != text.size()) return std::nullopt;
  return release;
}

inline CLI::Validator kernel_release() {
  return CLI::Validator(
      [](const std::string& value) -> std::string {
        if (read_release(value)) return {};
        return "'" + value + "' is not a release of the kernel, as 6.1 is one";
      },
      {});
}

}  // namespace rota::cli
