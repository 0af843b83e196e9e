#pragma once

#include <string>

namespace rota::cli {

// Numbers for people: three significant digits and a unit that keeps them short.

std::string format_ns(double ns);                              ///< "412 ns", "6.12 µs", "1.20 ms"
std::string format_ns_range(double least_ns, double most_ns);  ///< "5.98–6.30 µs"
std::string format_bytes(double bytes);                        ///< "412 B", "1.20 KiB"
std::string format_bytes_range(double least, double most);
std::string format_rate(double per_s);     ///< "161 k"
std::string format_figure(double value);   ///< "1.04", "0.031"
std::string format_percent(double share);  ///< "97.5 %"

}  // namespace rota::cli
