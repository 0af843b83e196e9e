// Runs a program as a sandbox would.
//
//   denied [--nobody] [--locked-memory BYTES] [CALL=ERRNO]... -- PROGRAM [ARGUMENT]...
//
// Each CALL answers ERRNO to the program and to whatever it begins; ROTA_DENIED says so to it. With
// --nobody it has not the rights of root, and with --locked-memory no more than so many bytes of
// that. Exits with 77 where it may not do what is asked for, with 2 where it is asked for nonsense.

#include "denial.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace rota::testing_denial {
namespace {

constexpr int kCannotRun = 77;
constexpr int kNonsense = 2;

struct Sandbox {
  bool is_nobody = false;
  std::optional<rlim_t> locked_memory;
  std::vector<Denial> denials;
  char** program = nullptr;
};

/// The words end with a null pointer.
Sandbox read_words(char** words) {
  Sandbox sandbox;
  for (; *words != nullptr; ++words) {
    const std::string_view word = *words;
    if (word == "--") {
      sandbox.program = words + 1;
      break;
    }
    if (word == "--nobody") {
      sandbox.is_nobody = true;
    } else if (word == "--locked-memory" && words[1] != nullptr) {
      sandbox.locked_memory = std::stoull(*++words);
    } else {
      sandbox.denials.push_back(read_denial(word));
    }
  }
  if (sandbox.program == nullptr || *sandbox.program == nullptr) {
    throw std::invalid_argument("no program is named behind --");
  }
  return sandbox;
}

void enter(const Sandbox& sandbox) {
  std::string told;
  for (const Denial& denial : sandbox.denials) {
    if (!told.empty()) told += ',';
    told += written(denial);
  }
  ::setenv(denials_in_environment, told.c_str(), 1);
  if (sandbox.locked_memory) limit_locked_memory(*sandbox.locked_memory);
  if (sandbox.is_nobody) become_nobody();
  if (!sandbox.denials.empty()) deny(sandbox.denials);
}

int run(char** words) try {
  const Sandbox sandbox = read_words(words);
  enter(sandbox);
  ::execv(sandbox.program[0], sandbox.program);
  std::fprintf(stderr, "denied: %s: %s\n", sandbox.program[0], std::strerror(errno));
  return kNonsense;
} catch (const std::system_error& error) {
  std::fprintf(stderr, "denied: cannot run: %s\n", error.what());
  return kCannotRun;
} catch (const std::exception& error) {
  std::fprintf(stderr, "denied: %s\n", error.what());
  return kNonsense;
}

}  // namespace
}  // namespace rota::testing_denial

int main(int, char** words) { return rota::testing_denial::run(words + 1); }
