#include "columns.hpp"

namespace rota::cli {

std::size_t columns_of(std::string_view text) noexcept {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) ++count;  // not a continuation byte
  }
  return count;
}

std::string pad_right(std::string_view text, std::size_t columns) {
  std::string out(text);
  const std::size_t width = columns_of(text);
  if (width < columns) out.append(columns - width, ' ');
  return out;
}

std::string pad_left(std::string_view text, std::size_t columns) {
  const std::size_t width = columns_of(text);
  std::string out(width < columns ? columns - width : 0, ' ');
  return out += text;
}

std::string table_row(std::span<const std::size_t> widths, const std::vector<std::string>& fields) {
  std::string row = "  " + pad_right(fields.front(), widths.front());
  for (std::size_t i = 1; i < fields.size(); ++i) row += pad_left(fields[i], widths[i]);
  return row;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
    const bool fits = columns_of(lines.back()) + 1 + columns_of(word) <= columns;
    if (lines.back().empty()) {
      lines.back() = word;
    } else if (fits) {
      lines.back() += ' ';
      lines.back() += word;
    } else {
      lines.emplace_back(word);
    }
  }
  return lines;
}

}  // namespace rota::cli
