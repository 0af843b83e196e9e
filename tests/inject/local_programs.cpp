#include "inject/program.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>
#include <utility>

namespace rota::testing_inject {
namespace {

using Buffer = std::array<std::byte, 4096>;

constexpr std::string_view kLines = "one\ntwo\n";

Task<void> file_through_its_life(Findings& findings) {
  const std::string path = "injected." + std::to_string(getpid());
  auto file = co_await File::open(path, OpenMode::read | OpenMode::write | OpenMode::create);
  if (!findings.took(file)) {
    ::unlink(path.c_str());
    co_return;
  }
  ::unlink(path.c_str());
  auto written = co_await file->write_at(0, bytes_of("text of a file"));
  findings.took(written);
  auto synced = co_await file->sync();
  findings.took(synced);
  auto data_synced = co_await file->sync_data();
  findings.took(data_synced);
  auto cut = co_await file->truncate(4);
  findings.took(cut);
  Buffer buffer;
  auto got = co_await file->read_at(0, buffer);
  if (findings.took(got) && written && cut) expect(*got == 4, "a file is of another size");
  auto status = co_await file->stat();
  if (findings.took(status) && cut) expect(status->bytes == 4, "stat tells another size");
  auto closed = co_await file->close();
  findings.took(closed);
}

Task<bool> fill(Findings& findings, PipeWriter& to) {
  const std::string text(10'000, 'x');
  auto written = co_await to.write_all(bytes_of(text));
  const bool whole = findings.took(written);
  auto closed = co_await to.close();
  co_return findings.took(closed) && whole;
}

Task<bool> drain(Findings& findings, PipeReader& from) {
  Buffer buffer;
  std::size_t sum = 0;
  for (;;) {
    auto got = co_await from.read(buffer);
    if (!findings.took(got)) co_return false;
    if (*got == 0) break;
    sum += *got;
  }
  expect(!findings.numbers().empty() || sum == 10'000, "bytes were lost in a pipe");
  co_return true;
}

Task<bool> copy_on(Findings& findings, PipeReader& from, PipeWriter& to) {
  auto copying = copy(from, to);
  auto copied = co_await std::move(copying);
  const bool went_well = findings.took(copied);
  auto closed = co_await to.close();
  co_return findings.took(closed) && went_well;
}

Task<bool> fill_and_drain(Findings& findings, PipeWriter& to, PipeReader& from) {
  co_await run_both(fill(findings, to), drain(findings, from));
  co_return findings.numbers().empty();
}

Task<void> pipes_by_splice(Findings& findings) {
  auto left = Pipe::make();
  auto right = Pipe::make();
  if (!findings.took(left) || !findings.took(right)) co_return;
  co_await run_both(copy_on(findings, left->reader, right->writer),
                    fill_and_drain(findings, left->writer, right->reader));
}

/// A file whose name is gone.
Task<Result<File>> open_scratch(std::string path) {
  auto file = co_await File::open(path, OpenMode::read | OpenMode::write | OpenMode::create);
  ::unlink(path.c_str());
  co_return file;
}

Task<void> files_by_the_kernel(Findings& findings) {
  constexpr std::uint64_t bytes = 10'000;
  const std::string path = "copied." + std::to_string(getpid());
  auto left = co_await open_scratch(path);
  auto right = co_await open_scratch(path);
  if (!findings.took(left) || !findings.took(right)) co_return;
  auto written = co_await left->write_at(0, bytes_of(std::string(bytes, 'x')));
  if (!findings.took(written)) co_return;
  FileReader from(*left);
  FileWriter to(*right);
  auto copied = co_await copy(from, to);
  if (!findings.took(copied)) co_return;
  expect(*copied == bytes && to.position() == bytes, "a file was copied in part");
  auto pipe = Pipe::make();
  if (!findings.took(pipe)) co_return;
  FileReader again(*right);
  auto sent = co_await copy(again, pipe->writer);
  auto closed = co_await pipe->writer.close();
  if (!findings.took(sent) || !findings.took(closed)) co_return;
  auto received = co_await copy(pipe->reader, to);
  if (!findings.took(received)) co_return;
  expect(*sent == bytes && *received == bytes, "bytes were lost between a file and a pipe");
  auto status = co_await right->stat();
  if (findings.took(status)) expect(status->bytes == 2 * bytes, "a copy is of another size");
}

Task<void> lines_through_buffers(Findings& findings) {
  auto pipe = Pipe::make();
  if (!findings.took(pipe)) co_return;
  BufferedWriter<PipeWriter> writer(pipe->writer);
  auto writing = writer.write(kLines);
  auto written = co_await std::move(writing);
  auto flushing = writer.flush();
  auto flushed = co_await std::move(flushing);
  if (!findings.took(written) || !findings.took(flushed)) co_return;
  auto closed = co_await pipe->writer.close();
  findings.took(closed);
  BufferedReader<PipeReader> reader(pipe->reader);
  for (std::string_view wanted : {"one", "two"}) {
    auto reading = reader.read_line(100);
    auto line = co_await std::move(reading);
    if (!findings.took(line)) co_return;
    expect(line->has_value() && **line == wanted, "another line came than was sent");
  }
}

Task<void> child_process(Findings& findings) {
  Command command("/bin/cat");
  auto child = command.input_from(Stdio::pipe).output_to(Stdio::pipe).spawn();
  if (!findings.took(child)) co_return;
  auto written = co_await child->input->write_all(bytes_of(kLines));
  auto closed = co_await child->input->close();
  if (!findings.took(written) || !findings.took(closed)) co_return;
  std::size_t sum = 0;
  for (;;) {
    Buffer buffer;
    auto got = co_await child->output->read(buffer);
    if (!findings.took(got) || *got == 0) break;
    sum += *got;
  }
  auto waiting = child->wait();
  auto status = co_await std::move(waiting);
  if (!findings.took(status)) co_return;
  expect(status->success() && (sum == kLines.size() || !findings.numbers().empty()),
         "a child did not do what it should");
}

Task<void> child_on_a_terminal(Findings& findings) {
  Command command("/bin/echo");
  auto child = command.arg("hello").on_terminal().spawn();
  if (!findings.took(child)) co_return;
  Buffer buffer;
  auto got = co_await child->terminal->read(buffer);
  findings.took(got);
  auto waiting = child->wait();
  auto status = co_await std::move(waiting);
  findings.took(status);
}

Task<void> signals(Findings& findings) {
  auto watch = SignalWatch::open({SIGUSR1});
  if (!findings.took(watch)) co_return;
  ::raise(SIGUSR1);
  auto got = co_await watch->next();
  if (findings.took(got)) expect(*got == SIGUSR1, "another signal came than was sent");
}

Task<void> timers(Findings& findings) {
  auto slept = co_await sleep(Duration(1'000'000));
  findings.took(slept);
  Interval interval(Duration(1'000'000));
  for (int i = 0; i < 2; ++i) {
    auto tick = co_await interval.tick();
    findings.took(tick);
  }
  auto ringing = alarm(WallTime::now() + Duration(1'000'000));
  auto rang = co_await std::move(ringing);
  findings.took(rang);
}

Task<void> watched_fd(Findings& findings) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    findings.add(os_error(errno));
    co_return;
  }
  const OwnedFd reader(ends[0]);
  OwnedFd writer(ends[1]);
  writer = OwnedFd();
  auto watching = readable(reader.number());
  auto ready = co_await std::move(watching);
  findings.took(ready);
}

Task<void> reads_that_time_out(Findings& findings) {
  auto pipe = Pipe::make();
  if (!findings.took(pipe)) co_return;
  Buffer buffer;
  for (int i = 0; i < 2; ++i) {
    auto got = co_await timeout(Duration(1'000'000), pipe->reader.read(buffer));
    expect(!got, "a read of an empty pipe has an end");
    if (got.error() != std::errc::timed_out) findings.add(got.error());
  }
}

constexpr Program kPrograms[] = {
    {"file_through_its_life", file_through_its_life},
    {"pipes_by_splice", pipes_by_splice},
    {"files_by_the_kernel", files_by_the_kernel},
    {"lines_through_buffers", lines_through_buffers},
    {"child_process", child_process},
    {"child_on_a_terminal", child_on_a_terminal},
    {"signals", signals},
    {"timers", timers},
    {"watched_fd", watched_fd},
    {"reads_that_time_out", reads_that_time_out},
};

}  // namespace

std::span<const Program> local_programs() noexcept { return kPrograms; }

}  // namespace rota::testing_inject
