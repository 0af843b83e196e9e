#pragma once

#include <rota/core/task_header.hpp>
#include <rota/scope_errors.hpp>

#include <exception>
#include <string>

namespace rota::inline v0 {

/// What an exception says of itself.
[[nodiscard]] std::string text_of(const std::exception_ptr& error);

/// Says on standard error that a task failed and that nobody will ever learn why: its handle is
/// gone, and its scope keeps no errors. Silent where it only says that it was cancelled.
void report_unjoined(const TaskHeader& task) noexcept;

}  // namespace rota::inline v0
