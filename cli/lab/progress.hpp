#pragma once

#include <cstdint>
#include <string>

namespace rota::cli {

/// Says on stderr how far the lab is: one line that is rewritten on a terminal, else a line per
/// cell.
class Progress {
 public:
  explicit Progress(unsigned steps);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// The next step begins.
  void step(const std::string& what);
  /// Words that stand in no count.
  void note(const std::string& what);
  /// Clears the rewritten line.
  void end();

 private:
  void show(const std::string& line);

  unsigned steps_;
  unsigned begun_ = 0;
  bool terminal_;
  std::uint64_t started_ns_;
};

}  // namespace rota::cli
