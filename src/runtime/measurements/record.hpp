#pragma once

#include <rota/measurements.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace rota::inline v0 {

/// The text of a file of measurements: a head that says where they hold, and a line for each.
///
/// The head names the kernel's release, the processor, how many CPUs this process may use, and the
/// boot: a machine that was started anew may have other settings, or be another one. Whatever does
/// not read word for word as it was written is none, be it of another version or half a file. Nor
/// is a record with a zero: what one process may not do is no fact of the machine.
[[nodiscard]] std::string measurement_head();
[[nodiscard]] std::string to_record(const Measurements& measured, const std::string& head);
[[nodiscard]] std::optional<Measurements> from_record(std::string_view text,
                                                      const std::string& head);
[[nodiscard]] bool has_zero(const Measurements& measured) noexcept;

}  // namespace rota::inline v0
