#pragma once

#include <string>

namespace rota::cli {

// Parts of the pictures. One unit is one CSS pixel where a picture has its natural width. A kind is
// a class of the page's style sheet, so that a picture follows light and dark.

struct Point {
  double x = 0;
  double y = 0;
};

/// As printf.
[[gnu::format(printf, 1, 2)]] std::string svg_print(const char* format, ...);
/// A picture that is as wide as its place; `label` says it in words.
std::string svg_opening(Point size, const std::string& label);
std::string svg_line(const char* kind, Point from, Point to);
std::string svg_text(const char* kind, Point at, const std::string& text);
std::string svg_circle(const char* kind, Point centre, double radius);
/// What shows when one points at what it stands in.
std::string svg_title(const std::string& text);

/// How wide a text is, at most, in the size of names and figures.
double svg_text_width(const std::string& text);

}  // namespace rota::cli
