// Runs every shape in a child of its own and compares what came out with what is known:
//   canary clang++|g++
// Exit status 0 when nothing differs from the table, 1 when something does, 2 for bad arguments.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <span>
#include <string_view>

#include "shape.hpp"

namespace canary {
namespace {

enum class Compiler { clang, gcc };

constexpr unsigned patience_s = 20;  // a shape that never ends is ended by SIGALRM: a crash

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::right: return "right";
    case Outcome::wrong: return "wrong";
    case Outcome::crash: return "crash";
  }
  return "?";
}

// An exception that leaves the shape terminates the child: a crash.
[[noreturn]] void be_the_child(const Shape& shape) noexcept {
  // What a broken frame makes the C library say (double free, ...) is no news here.
  std::freopen("/dev/null", "w", stderr);
  alarm(patience_s);
  _exit(shape.runs_right() ? 0 : 1);
}

Outcome try_out(const Shape& shape) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) be_the_child(shape);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return Outcome::crash;
  if (!WIFEXITED(status)) return Outcome::crash;
  return WEXITSTATUS(status) == 0 ? Outcome::right : Outcome::wrong;
}

struct Tally {
  int shapes = 0;
  int surprises = 0;
  int right = 0;
};

void try_all(std::span<const Shape> shapes, Compiler compiler, Tally& tally) {
  for (const Shape& shape : shapes) {
    const Outcome got = try_out(shape);
    const Outcome wanted = compiler == Compiler::gcc ? shape.with_gcc : shape.with_clang;
    const bool surprise = got != wanted;
    std::printf("%-8s %-5s  %s", surprise ? "CHANGED" : "as known", name_of(got).data(),
                shape.name.data());
    if (surprise) std::printf("  (the table says %s)", name_of(wanted).data());
    std::printf("\n");
    ++tally.shapes;
    tally.surprises += surprise ? 1 : 0;
    tally.right += got == Outcome::right ? 1 : 0;
  }
}

int run(Compiler compiler) {
  constexpr int fewest_shapes = 25;  // so that a list that got lost is noticed
  const std::array lists{documented_shapes(), argument_shapes(), condition_shapes(),
                         expression_shapes(), frame_shapes(),    generator_shapes()};
  Tally tally;
  for (const auto& list : lists) try_all(list, compiler, tally);
  std::printf("%d shapes, %d right, %d differ from the table\n", tally.shapes, tally.right,
              tally.surprises);
  return tally.surprises == 0 && tally.shapes >= fewest_shapes ? 0 : 1;
}

}  // namespace
}  // namespace canary

int main(int count, char** arguments) {
  const std::string_view compiler = count == 2 ? arguments[1] : "";
  if (compiler == "clang++") return canary::run(canary::Compiler::clang);
  if (compiler == "g++") return canary::run(canary::Compiler::gcc);
  std::fprintf(stderr, "usage: canary clang++|g++\n");
  return 2;
}
