#include "svg.hpp"

#include "cli/columns.hpp"
#include "html_text.hpp"

#include <cstdarg>
#include <cstdio>

namespace rota::cli {

std::string svg_print(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

std::string svg_opening(Point size, const std::string& label) {
  return svg_print("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", size.x, size.y) +
         html_of(label) + "\">\n";
}

std::string svg_line(const char* kind, Point from, Point to) {
  return svg_print("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", kind,
                   from.x, from.y, to.x, to.y);
}

std::string svg_text(const char* kind, Point at, const std::string& text) {
  return svg_print("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", kind, at.x, at.y) + html_of(text) +
         "</text>\n";
}

std::string svg_circle(const char* kind, Point centre, double radius) {
  return svg_print("<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.0f\"/>\n", kind, centre.x,
                   centre.y, radius);
}

std::string svg_title(const std::string& text) { return "<title>" + html_of(text) + "</title>"; }

double svg_text_width(const std::string& text) {
  constexpr double widest_usual = 6.6;  // of a letter at 12 px, in any of the fonts of the page
  return static_cast<double>(columns_of(text)) * widest_usual;
}

}  // namespace rota::cli
