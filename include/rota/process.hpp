#pragma once

#include <rota/core/io_object.hpp>
#include <rota/core/stream_waits.hpp>
#include <rota/pipe.hpp>
#include <rota/result.hpp>
#include <rota/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rota::inline v0 {

/// What a standard stream of a child is connected to.
enum class Stdio : std::uint8_t {
  inherit,  ///< what this process has there
  null,     ///< /dev/null
  pipe,     ///< a pipe, whose other end `Process` has
  output,   ///< for the error stream: wherever the output goes
};

/// How a child ended.
struct ExitStatus {
  int code = 0;    ///< what it returned; 0 if a signal ended it
  int signal = 0;  ///< which; 0 if it returned
  bool dumped_core = false;

  [[nodiscard]] bool success() const noexcept { return code == 0 && signal == 0; }
};

/// The side of a child's pseudo-terminal that this process has: both directions.
///
/// `copy` takes its bytes through memory: they are few, and the kernel has no pages of them that it
/// could move.
///
/// @as SocketStream
/// @errors what read(2) and write(2) say: `io_error` once nobody has the child's side any more,
/// which is how the kernel says that a terminal has ended
class ChildTerminal : public IoObject {
 public:
  explicit ChildTerminal(DescriptorRef descriptor) noexcept : IoObject(std::move(descriptor)) {}

  /// At least one byte.
  [[nodiscard]] CountAwait read(std::span<std::byte> into) noexcept {
    return read_stream(descriptor(), into);
  }
  /// At least one byte.
  [[nodiscard]] CountAwait write(std::span<const std::byte> from) noexcept {
    return write_stream(descriptor(), from);
  }
  /// Every byte. On an error `written`, unless it is null, tells how many were.
  [[nodiscard]] Await<WholeWriteLeaf> write_all(std::span<const std::byte> from,
                                                std::size_t* written = nullptr) noexcept {
    return write_stream_whole(descriptor(), from, written);
  }
  /// How large the child sees it.
  Result<void> resize(std::uint16_t rows, std::uint16_t columns) noexcept;
};

/// A child process.
///
/// Made by `Command::spawn`, in a task. It is waited for by its pidfd alone: no handler for
/// SIGCHLD, and no other library's children are touched.
///
/// @threads one task waits; `signal`, `kill` and `pid`: any thread, as long as the object lives
/// @loses nothing: it can be waited for again
/// @owns the process is the object's: destroyed before it was waited for, it is killed and reaped
/// in the background, so a scope that ends leaves neither a process nor a zombie
/// @errors `wait`: `no_child_process` when somebody else took its status, a library that waits for
/// every child or a program that ignores SIGCHLD; `signal`, `kill`: `operation_not_permitted`,
/// `invalid_argument` for what is no signal
class Process {
 public:
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  [[nodiscard]] int pid() const noexcept { return pid_; }

  /// Waits until it has ended; asked again it yields the same.
  [[nodiscard]] Task<Result<ExitStatus>> wait();
  /// Sends a signal; never to another process that has its number by now. One that has ended gets
  /// none, which is no error.
  Result<void> signal(int number) noexcept;
  Result<void> kill() noexcept;

  // What `Stdio::pipe` and `on_terminal` asked for; else empty.
  std::optional<PipeWriter> input;   ///< what the child reads
  std::optional<PipeReader> output;  ///< what it writes
  std::optional<PipeReader> error;   ///< what it writes as errors
  std::optional<ChildTerminal> terminal;

 private:
  friend class Command;

  Process(int pid, int pidfd) noexcept : pid_(pid), pidfd_(pidfd) {}

  int pid_;
  int pidfd_;  ///< -1 once moved from
  bool has_ended_ = false;
  Result<ExitStatus> ended_;
};

/// What a child process will be: its program and what it begins with. A value: made anywhere, used
/// any number of times.
///
///     Result<Process> child = Command("sort").arg("-u").input_from(Stdio::pipe).spawn();
class Command {
 public:
  /// A path if it has a slash, else looked up in the PATH of the child's environment.
  explicit Command(std::string program) : program_(std::move(program)) {}

  Command& arg(std::string argument);
  /// All three standard streams are inherited unless these say otherwise.
  Command& input_from(Stdio from) noexcept;
  Command& output_to(Stdio to) noexcept;
  Command& error_to(Stdio to) noexcept;
  /// All three are a new pseudo-terminal, which controls the child's session.
  Command& on_terminal(std::uint16_t rows = 24, std::uint16_t columns = 80) noexcept;
  /// The child has `fd` under the number `as`, 3 or more; it stays open here.
  Command& pass_fd(int fd, int as);
  /// The environment is this process's, with these changes, in order.
  Command& env(std::string_view name, std::string_view value);
  Command& unset_env(std::string_view name);
  Command& clear_env();
  /// Where the program begins. A relative program is looked up from there.
  Command& directory(std::string path);
  /// As setrlimit(2): RLIMIT_CPU and so on.
  Command& limit(int resource, std::uint64_t soft, std::uint64_t hard);
  /// In a session of its own, out of reach of this terminal's signals.
  Command& new_session() noexcept;

  /// Starts it, and returns once the program has begun.
  ///
  /// @threads one task; blocks its thread for as long as the kernel takes to begin a program, a
  /// millisecond or so
  /// @loses nothing: it cannot be cancelled
  /// @owns a Command is a value, and stays as it is; the child is the Process's
  /// @errors what kept the program from beginning, as execve(2), chdir(2), setrlimit(2), dup3(2) or
  /// pipe2(2) say: `no_such_file_or_directory`, `permission_denied`, `too_many_files_open`;
  /// `invalid_argument`: a zero byte anywhere, the name of a variable that is empty or has a `=`;
  /// std::bad_alloc
  [[nodiscard]] Result<Process> spawn() const;

 private:
  struct Limit {
    int resource;
    std::uint64_t soft;
    std::uint64_t hard;
  };
  struct Passed {
    int fd;
    int as;
  };
  struct Change {
    std::string name;
    std::optional<std::string> value;  ///< none: unset
  };

  [[nodiscard]] bool is_sound() const noexcept;
  [[nodiscard]] std::vector<std::string> environment() const;

  std::string program_;
  std::vector<std::string> arguments_;
  bool inherits_environment_ = true;
  std::vector<Change> changes_;
  std::vector<Passed> passed_;
  std::vector<Limit> limits_;
  std::string directory_;
  Stdio input_ = Stdio::inherit;
  Stdio output_ = Stdio::inherit;
  Stdio error_ = Stdio::inherit;
  bool has_terminal_ = false;
  std::uint16_t rows_ = 0;  ///< of the terminal
  std::uint16_t columns_ = 0;
  bool new_session_ = false;
};

}  // namespace rota::inline v0
