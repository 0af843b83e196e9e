#pragma once

#include <string>
#include <string_view>

namespace rota::cli {

/// Text as it may stand in HTML, in an attribute too.
inline std::string html_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace rota::cli
