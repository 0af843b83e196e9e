#include "log_scale.hpp"

#include "svg.hpp"

#include <algorithm>
#include <cmath>

namespace rota::cli {

LogScale::LogScale(double least, double most, Span span)
    : low_(std::floor(std::log10(least) * 2) / 2),
      high_(std::ceil(std::log10(most) * 2) / 2),
      span_(span) {
  if (high_ - low_ < 1) high_ = low_ + 1;
}

double LogScale::at(double value) const {
  const double share = (std::log10(value) - low_) / (high_ - low_);
  return span_.from + share * (span_.to - span_.from);
}

std::vector<double> LogScale::ticks() const {
  const bool dense = high_ - low_ <= 1.5;
  std::vector<double> found;
  for (double power = std::floor(low_); power <= high_; power += 1) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && !dense) continue;
      const double value = std::log10(factor) + power;
      if (value >= low_ && value <= high_) found.push_back(factor * std::pow(10.0, power));
    }
  }
  return found;
}

std::string tick_text(double ns) {
  constexpr double us = 1e3;
  constexpr double ms = 1e6;
  constexpr double s = 1e9;
  const double unit = ns >= s ? s : ns >= ms ? ms : ns >= us ? us : 1;
  const char* name = ns >= s ? "s" : ns >= ms ? "ms" : ns >= us ? "µs" : "ns";
  return svg_print("%.0f %s", ns / unit, name);
}

double visible_ns(double ns) { return std::max(ns, 1.0); }

}  // namespace rota::cli
