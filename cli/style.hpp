#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace rota::cli {

/// Colour for a terminal; nothing for a file, a pipe, TERM=dumb or NO_COLOR.
class Style {
 public:
  static Style of(int fd) {
    const char* terminal = std::getenv("TERM");
    const char* refused = std::getenv("NO_COLOR");
    const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
    return Style(::isatty(fd) == 1 && !dumb && (refused == nullptr || *refused == '\0'));
  }

  [[nodiscard]] std::string bold(std::string_view text) const { return wrapped("1", text); }
  [[nodiscard]] std::string faint(std::string_view text) const { return wrapped("2", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return wrapped("32", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return wrapped("31", text); }

 private:
  explicit Style(bool coloured) : coloured_(coloured) {}

  [[nodiscard]] std::string wrapped(const char* code, std::string_view text) const {
    if (!coloured_) return std::string(text);
    return std::string("\033[") + code + "m" + std::string(text) + "\033[0m";
  }

  bool coloured_;
};

}  // namespace rota::cli
