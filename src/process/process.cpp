#include <rota/process.hpp>

#include <rota/core/check_usage.hpp>

#include "base/unique_fd.hpp"
#include "process/child.hpp"
#include "process/child_end.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace rota::inline v0 {

namespace {

constexpr std::size_t kStandard = 3;  // input, output, error

/// What a child's number refers to, and what this process keeps of it.
struct Ends {
  UniqueFd theirs;
  UniqueFd ours;
};

Result<Ends> make_pipe(bool child_reads) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return failure(errno);
  UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  if (child_reads) return Ends{std::move(reader), std::move(writer)};
  return Ends{std::move(writer), std::move(reader)};
}

Result<Ends> open_null() {
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return failure(errno);
  return Ends{std::move(null), {}};
}

Result<void> set_size(int terminal, std::uint16_t rows, std::uint16_t columns) noexcept {
  const winsize size{rows, columns, 0, 0};
  if (ioctl(terminal, TIOCSWINSZ, &size) < 0) return failure(errno);
  return {};
}

/// A pseudo-terminal: the child's side and ours.
Result<Ends> make_terminal(std::uint16_t rows, std::uint16_t columns) {
  UniqueFd ours(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!ours.valid()) return failure(errno);
  if (grantpt(ours.number()) < 0 || unlockpt(ours.number()) < 0) return failure(errno);
  std::array<char, 64> name{};
  if (const int error = ptsname_r(ours.number(), name.data(), name.size()); error != 0) {
    return failure(error);
  }
  UniqueFd theirs(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!theirs.valid()) return failure(errno);
  if (Result<void> sized = set_size(ours.number(), rows, columns); !sized) {
    return std::unexpected(sized.error());
  }
  return Ends{std::move(theirs), std::move(ours)};
}

/// Ours alone is made non-blocking where the driver waits for readiness: a pipe's two ends and a
/// terminal's two sides have descriptions of their own.
Result<DescriptorRef> adopt(UniqueFd& fd) {
  const int number = fd.number();
  const bool nonblocking = (socket_flags() & SOCK_NONBLOCK) != 0;
  if (nonblocking && fcntl(number, F_SETFL, O_NONBLOCK) < 0) return failure(errno);
  DescriptorRef adopted(adopt_fd(number, FdKind::stream));
  static_cast<void>(fd.release());
  return adopted;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Where a program may be: its path, or its name in each folder of `environment`'s PATH.
std::vector<std::string> candidates(const std::string& program,
                                    const std::vector<std::string>& environment) {
  if (program.find('/') != std::string::npos || program.empty()) return {program};
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& each : environment) {
    if (each.starts_with("PATH=")) path = std::string_view(each).substr(5);
  }
  std::vector<std::string> found;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t end = std::min(path.find(':', from), path.size());
    const std::string_view folder = path.substr(from, end - from);
    found.push_back(folder.empty() ? program : std::string(folder) + '/' + program);
    from = end + 1;
  }
  return found;
}

std::string_view name_of(std::string_view variable) noexcept {
  return variable.substr(0, variable.find('='));
}

}  // namespace

Result<void> ChildTerminal::resize(std::uint16_t rows, std::uint16_t columns) noexcept {
  return set_size(fd(), rows, columns);
}

Process::Process(Process&& other) noexcept
    : input(std::move(other.input)),
      output(std::move(other.output)),
      error(std::move(other.error)),
      terminal(std::move(other.terminal)),
      pid_(other.pid_),
      pidfd_(std::exchange(other.pidfd_, -1)),
      has_ended_(other.has_ended_),
      ended_(other.ended_) {}

Process::~Process() {
  if (pidfd_ < 0) return;
  if (has_ended_) {
    ::close(pidfd_);
    return;
  }
  static_cast<void>(kill());
  reap_later(pidfd_);
}

Task<Result<ExitStatus>> Process::wait() {
  if (has_ended_) co_return ended_;
  Task<Result<ExitStatus>> waiting = await_end(pidfd_);
  Result<ExitStatus> ended = co_await std::move(waiting);
  has_ended_ = ended || ended.error() == std::errc::no_child_process;
  if (has_ended_) ended_ = ended;
  co_return ended;
}

Result<void> Process::signal(int number) noexcept {
  // Any thread may ask, so not `has_ended_` but the pidfd knows.
  if (syscall(SYS_pidfd_send_signal, pidfd_, number, nullptr, 0) == 0) return {};
  if (errno == ESRCH) return {};
  return failure(errno);
}

Result<void> Process::kill() noexcept { return signal(SIGKILL); }

Command& Command::arg(std::string argument) {
  arguments_.push_back(std::move(argument));
  return *this;
}

Command& Command::input_from(Stdio from) noexcept {
  input_ = from;
  return *this;
}

Command& Command::output_to(Stdio to) noexcept {
  output_ = to;
  return *this;
}

Command& Command::error_to(Stdio to) noexcept {
  error_ = to;
  return *this;
}

Command& Command::on_terminal(std::uint16_t rows, std::uint16_t columns) noexcept {
  has_terminal_ = true;
  rows_ = rows;
  columns_ = columns;
  return *this;
}

Command& Command::pass_fd(int fd, int as) {
  check_usage(as >= static_cast<int>(kStandard),
              "pass_fd gives a child numbers from 3; those below are input_from, output_to and "
              "error_to");
  passed_.push_back({fd, as});
  return *this;
}

Command& Command::env(std::string_view name, std::string_view value) {
  changes_.push_back({std::string(name), std::string(value)});
  return *this;
}

Command& Command::unset_env(std::string_view name) {
  changes_.push_back({std::string(name), std::nullopt});
  return *this;
}

Command& Command::clear_env() {
  inherits_environment_ = false;
  changes_.clear();
  return *this;
}

Command& Command::directory(std::string path) {
  directory_ = std::move(path);
  return *this;
}

Command& Command::limit(int resource, std::uint64_t soft, std::uint64_t hard) {
  limits_.push_back({resource, soft, hard});
  return *this;
}

Command& Command::new_session() noexcept {
  new_session_ = true;
  return *this;
}

/// Whether the kernel would take every string as it is: for it each ends at a zero byte, and a
/// variable's name at the first `=`.
bool Command::is_sound() const noexcept {
  const auto is_whole = [](std::string_view text) { return !text.contains('\0'); };
  const auto is_variable = [&](const Change& change) {
    return !change.name.empty() && !change.name.contains('=') && is_whole(change.name) &&
           (!change.value || is_whole(*change.value));
  };
  return is_whole(program_) && is_whole(directory_) && std::ranges::all_of(arguments_, is_whole) &&
         std::ranges::all_of(changes_, is_variable);
}

std::vector<std::string> Command::environment() const {
  std::vector<std::string> variables;
  char** inherited = inherits_environment_ ? environ : nullptr;
  for (; inherited != nullptr && *inherited != nullptr; ++inherited) {
    variables.emplace_back(*inherited);
  }
  for (const Change& change : changes_) {
    std::erase_if(variables, [&](const std::string& each) { return name_of(each) == change.name; });
    if (change.value) variables.push_back(change.name + '=' + *change.value);
  }
  return variables;
}

namespace {

/// The standard streams of a child while it is made: what goes to it, and what stays here.
struct Streams {
  std::array<UniqueFd, kStandard> opened;  // for the child
  std::vector<ChildFd> fds;
};

/// A number that is closed here stays closed there.
void pass_on(Streams& streams, int from, int to) {
  if (fcntl(from, F_GETFD) >= 0) streams.fds.push_back({from, to});
}

Result<DescriptorRef> connect(Streams& streams, Stdio stdio, int to) {
  const auto place = static_cast<std::size_t>(to);
  Ends ends;
  switch (stdio) {
    case Stdio::inherit: pass_on(streams, to, to); return DescriptorRef();
    case Stdio::output: {
      const int output = streams.opened[STDOUT_FILENO].number();
      pass_on(streams, output >= 0 ? output : STDOUT_FILENO, to);
      return DescriptorRef();
    }
    case Stdio::null: {
      Result<Ends> null = open_null();
      if (!null) return std::unexpected(null.error());
      ends = std::move(*null);
      break;
    }
    case Stdio::pipe: {
      Result<Ends> pipe = make_pipe(to == STDIN_FILENO);
      if (!pipe) return std::unexpected(pipe.error());
      ends = std::move(*pipe);
      break;
    }
  }
  streams.opened[place] = std::move(ends.theirs);
  streams.fds.push_back({streams.opened[place].number(), to});
  if (!ends.ours.valid()) return DescriptorRef();
  return adopt(ends.ours);
}

Result<DescriptorRef> connect_terminal(Streams& streams, std::uint16_t rows,
                                       std::uint16_t columns) {
  Result<Ends> ends = make_terminal(rows, columns);
  if (!ends) return std::unexpected(ends.error());
  streams.opened[0] = std::move(ends->theirs);
  for (int to = 0; to < static_cast<int>(kStandard); ++to) {
    streams.fds.push_back({streams.opened[0].number(), to});
  }
  return adopt(ends->ours);
}

}  // namespace

/// All that may fail for want of memory comes before the child: afterwards nothing is lost.
Result<Process> Command::spawn() const {
  if (!is_sound()) return failure(EINVAL);
  Streams streams;
  Process process(-1, -1);
  if (has_terminal_) {
    Result<DescriptorRef> terminal = connect_terminal(streams, rows_, columns_);
    if (!terminal) return std::unexpected(terminal.error());
    process.terminal.emplace(std::move(*terminal));
  } else {
    Result<DescriptorRef> input = connect(streams, input_, STDIN_FILENO);
    if (!input) return std::unexpected(input.error());
    if (*input) process.input.emplace(std::move(*input));
    Result<DescriptorRef> output = connect(streams, output_, STDOUT_FILENO);
    if (!output) return std::unexpected(output.error());
    if (*output) process.output.emplace(std::move(*output));
    Result<DescriptorRef> error = connect(streams, error_, STDERR_FILENO);
    if (!error) return std::unexpected(error.error());
    if (*error) process.error.emplace(std::move(*error));
  }
  for (const Passed& passed : passed_) streams.fds.push_back({passed.fd, passed.as});

  const std::vector<std::string> variables = environment();
  const std::vector<std::string> paths = candidates(program_, variables);
  std::vector<const char*> programs;
  for (const std::string& path : paths) programs.push_back(path.c_str());
  std::vector<std::string> words{program_};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<ChildLimit> limits;
  for (const Limit& limit : limits_) limits.push_back({limit.resource, limit.soft, limit.hard});
  const std::vector<char*> arguments = pointers_to(words);
  const std::vector<char*> environment = pointers_to(variables);
  ChildPlan plan{.programs = programs,
                 .arguments = arguments.data(),
                 .environment = environment.data(),
                 .directory = directory_.empty() ? nullptr : directory_.c_str(),
                 .fds = streams.fds,
                 .limits = limits,
                 .new_session = new_session_,
                 .takes_terminal = has_terminal_};
  Result<Child> child = start_child(plan);
  if (!child) return std::unexpected(child.error());
  process.pid_ = child->pid;
  process.pidfd_ = child->pidfd.release();
  return process;
}

}  // namespace rota::inline v0
