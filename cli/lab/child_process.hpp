#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rota::cli {

/// Another process of this program, ended by the destructor, and by the kernel should this one
/// die. It is in a process group of its own, so that Ctrl-C reaches the lab alone. What it writes
/// to stdout and stderr arrives here line by line. One thread.
class ChildProcess {
 public:
  struct Command {
    std::vector<std::string> arguments;  ///< without the program's own name
    std::optional<unsigned> cpu;         ///< where it shall run
  };

  /// An error is a sentence.
  static std::expected<ChildProcess, std::string> start(const Command& command);

  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        input_(std::exchange(other.input_, -1)),
        output_(std::exchange(other.output_, -1)),
        pending_(std::move(other.pending_)) {}
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// The next line, without its end. An error when none comes within the patience, when the
  /// process has ended, or when the lab was interrupted.
  [[nodiscard]] std::expected<std::string, std::string> read_line(std::uint64_t patience_ms);
  /// A line that is lost because the process has ended shows in the next `read_line`.
  void write_line(std::string_view line) noexcept;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when a line may have come.
  [[nodiscard]] int output() const noexcept { return output_; }

 private:
  ChildProcess(pid_t pid, int input, int output) : pid_(pid), input_(input), output_(output) {}

  std::optional<std::string> take_line();
  std::string end_of_output();

  pid_t pid_;
  int input_;
  int output_;
  std::string pending_;
};

}  // namespace rota::cli
