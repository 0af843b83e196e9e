#include "inject/program.hpp"

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rota::testing_inject {
namespace {

Task<void> advised_memory(Findings& findings) {
  std::vector<std::byte> memory(64 * 1024, std::byte{'x'});
  for (MemoryAdvice advice : {MemoryAdvice::bring_in, MemoryAdvice::cool}) {
    auto advising = advise_memory(memory, advice);
    auto advised = co_await std::move(advising);
    if (!findings.took(advised)) co_return;
  }
  expect(memory.back() == std::byte{'x'}, "advice has changed what was in the memory");
}

Task<bool> read_into(Findings& findings, File& file, std::span<std::byte> into) {
  auto got = co_await file.read_at(0, into);
  if (!findings.took(got)) co_return false;
  expect(*got == 100 && into[99] == std::byte{'x'}, "registered memory was read in part");
  co_return true;
}

/// A ring pins the memory once. Two read at once: a lone read would not get as far as a ring.
Task<void> registered_memory(Findings& findings) {
  const std::string path = "registered." + std::to_string(::getpid());
  auto file = co_await File::open(path, OpenMode::read | OpenMode::write | OpenMode::create);
  ::unlink(path.c_str());
  if (!findings.took(file)) co_return;
  const RegisteredMemory memory(8192);
  const auto from = memory.bytes().first(100);
  from.back() = std::byte{'x'};
  auto written = co_await file->write_at(0, from);
  if (!findings.took(written)) co_return;
  co_await run_both(read_into(findings, *file, memory.bytes().subspan(1000, 100)),
                    read_into(findings, *file, memory.bytes().subspan(2000, 100)));
}

using Word = std::atomic<std::uint32_t>;

Task<bool> wait_for_word(Findings& findings, const Word& word) {
  while (word.load() == 0) {
    auto waited = co_await futex_wait(word, 0);
    if (!findings.took(waited)) co_return false;
  }
  co_return true;
}

Task<bool> change_word(Word& word) {
  co_await yield();
  word.store(1);
  futex_wake(word);
  co_return true;
}

Task<void> word_of_memory(Findings& findings) {
  Word word = 0;
  auto in_vain = co_await timeout(Duration(1'000'000), futex_wait(word, 0));
  if (!in_vain && in_vain.error() != std::errc::timed_out) findings.took(in_vain);
  co_await run_both(wait_for_word(findings, word), change_word(word));
}

constexpr Program kPrograms[] = {
    {"advised_memory", advised_memory},
    {"registered_memory", registered_memory},
    {"word_of_memory", word_of_memory},
};

}  // namespace

std::span<const Program> memory_programs() noexcept { return kPrograms; }

}  // namespace rota::testing_inject
