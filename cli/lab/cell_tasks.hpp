#pragma once

#include "cell_options.hpp"
#include "window.hpp"

#include <rota/task.hpp>

namespace rota::cli {

// What the measured processes do: one file each. They throw std::system_error.

/// Announces its port and serves for ever: echoes, or one echo per connection.
Task<void> serve(const CellOptions& options);
Task<void> read_randomly(const CellOptions& options, Window& window);
Task<void> sleep_again_and_again(const CellOptions& options, Window& window);
Task<void> set_and_call_off(const CellOptions& options, Window& window);

/// Announces that all is set up, and waits for the line that starts the work. It blocks the
/// worker: nothing shall run before.
void await_gate();

}  // namespace rota::cli
