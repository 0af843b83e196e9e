#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rota::cli {

/// How many columns a UTF-8 text takes; every character here is one column wide.
std::size_t columns_of(std::string_view text) noexcept;

/// The text with spaces behind, or before, up to `columns`; a longer one stays as it is.
std::string pad_right(std::string_view text, std::size_t columns);
std::string pad_left(std::string_view text, std::size_t columns);

/// A row of a table, two columns in: the first field stands left, figures behind it stand right.
std::string table_row(std::span<const std::size_t> widths, const std::vector<std::string>& fields);

/// Lines of at most `columns`, broken at spaces. At least one line.
std::vector<std::string> wrap(std::string_view text, std::size_t columns);

}  // namespace rota::cli
