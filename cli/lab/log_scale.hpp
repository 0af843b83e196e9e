#pragma once

#include <string>
#include <vector>

namespace rota::cli {

/// A logarithmic axis over whole decades, or over half of one where that is enough.
class LogScale {
 public:
  /// Where the axis begins and ends in a picture.
  struct Span {
    double from;
    double to;
  };

  LogScale(double least, double most, Span span);

  [[nodiscard]] double at(double value) const;
  /// Powers of ten; their double and fivefold too where there would be too few.
  [[nodiscard]] std::vector<double> ticks() const;

 private:
  double low_;
  double high_;
  Span span_;
};

/// A round number of nanoseconds: "20 µs".
std::string tick_text(double ns);

/// A latency of nothing has no place on a logarithmic axis; 1 ns is below what any clock tells.
double visible_ns(double ns);

}  // namespace rota::cli
