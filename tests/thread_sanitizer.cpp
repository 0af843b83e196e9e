/// What the thread sanitizer cannot see: libstdc++ counts the holders of an exception by atomic
/// operations inside a library that is compiled without it. The last of two holders frees what the
/// other has read before, and that looks like a race. Nothing else is suppressed.

#include <sanitizer/common_interface_defs.h>

#include <array>
#include <cstdlib>

extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:std::runtime_error::~runtime_error\n"
         "race:std::logic_error::~logic_error\n";
}

namespace {

/// Whether a report is suppressed is asked of a program that names lines, which the sanitizer
/// starts for its first report and keeps, with two descriptors. They are opened before anybody
/// counts descriptors.
const bool line_namer_started = [] {
  std::array<char, 256> line{};
  __sanitizer_symbolize_pc(reinterpret_cast<void*>(&std::abort), "%f", line.data(), line.size());
  return line.front() != '\0';
}();

}  // namespace
