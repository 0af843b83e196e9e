#include "sched/thrown.hpp"

#include <rota/result.hpp>

#include <cstdio>
#include <system_error>

namespace rota::inline v0 {

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_expected_access<std::error_code>& thrown) {
    return thrown.error().message();  // Its what() does not name the error.
  } catch (const std::exception& thrown) {
    return thrown.what();
  } catch (...) {
    return "something was thrown that is no std::exception";
  }
}

void report_unjoined(const TaskHeader& task) noexcept {
  if (says_canceled(task.error)) return;
  const std::source_location site = task.label.site();
  std::fprintf(stderr, "rota: the task %s spawned at %s:%u failed, and nobody joined it: %s\n",
               task.label.name(), site.file_name(), static_cast<unsigned>(site.line()),
               text_of(task.error).c_str());
}

}  // namespace rota::inline v0
