#include "runtime/measurements/record.hpp"

#include "base/cpu_affinity.hpp"
#include "base/cpu_model.hpp"
#include "base/first_line.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace rota::inline v0 {
namespace {

struct Span {
  std::string_view name;
  Duration Measurements::* value;
};

constexpr Span kSpans[] = {
    {"wake_ns", &Measurements::wake},
    {"wake_call_ns", &Measurements::wake_call},
    {"system_call_ns", &Measurements::system_call},
    {"ring_call_ns", &Measurements::ring_call},
    {"read_ns", &Measurements::read},
    {"ring_read_ns", &Measurements::ring_read},
};
constexpr std::string_view kInline = "ring_reads_inline";
constexpr std::string_view kFolder = "folder";

constexpr std::uint64_t kMostNs = 1'000'000'000;  // Nothing here takes a second.

/// The value of the next line, which begins with `name`; takes the line away.
std::optional<std::string_view> take_value(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos || !line.starts_with(name)) return {};
  line.remove_prefix(name.size());
  if (line.empty() || line.front() != ' ') return {};
  text.remove_prefix(end + 1);
  return line.substr(1);
}

std::optional<std::int64_t> take_number(std::string_view& text, std::string_view name) {
  const auto digits = take_value(text, name);
  if (!digits) return {};
  std::uint64_t number = 0;
  const char* const end = digits->data() + digits->size();
  const auto read = std::from_chars(digits->data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end || number > kMostNs) return {};
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::string measurement_head() {
  utsname names{};
  ::uname(&names);
  return std::string("rota measurements 1\nkernel ") + names.release + "\nprocessor " +
         cpu_model() + "\ncpus " + std::to_string(allowed_cpus().size()) + "\nboot " +
         first_line_of("/proc/sys/kernel/random/boot_id") + '\n';
}

std::string to_record(const Measurements& measured, const std::string& head) {
  std::string text = head;
  for (const Span& span : kSpans) {
    text += std::string(span.name) + ' ' + std::to_string((measured.*span.value).ns) + '\n';
  }
  text += std::string(kInline) + ' ' + (measured.ring_reads_inline ? "1\n" : "0\n");
  return text + std::string(kFolder) + ' ' + measured.folder + '\n';
}

std::optional<Measurements> from_record(std::string_view text, const std::string& head) {
  if (!text.starts_with(head)) return {};
  text.remove_prefix(head.size());
  Measurements measured;
  for (const Span& span : kSpans) {
    const auto ns = take_number(text, span.name);
    if (!ns) return {};
    measured.*span.value = Duration{*ns};
  }
  const auto reads_inline = take_number(text, kInline);
  const auto folder = take_value(text, kFolder);
  if (!reads_inline || *reads_inline > 1 || !folder || !text.empty()) return {};
  measured.ring_reads_inline = *reads_inline == 1;
  measured.folder = *folder;
  if (has_zero(measured)) return {};
  return measured;
}

bool has_zero(const Measurements& measured) noexcept {
  return std::ranges::any_of(kSpans,
                             [&](const Span& span) { return measured.*span.value == Duration{}; });
}

}  // namespace rota::inline v0
