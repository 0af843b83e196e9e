#pragma once

#include "sim/actor.hpp"

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace rota::simulation {

class World;
class Endpoint;

/// The life of one file: opened, brought to its size, used by several at once, looked at, closed;
/// and afterwards compared byte by byte with the model of it that was kept in memory.
class FileActor : public Actor {
 public:
  explicit FileActor(World& world);
  ~FileActor() override;

  void begin() override;
  void completed(Operation& operation) override;
  void check_end() override;
  void slot_finished();

 private:
  void open();
  void opened();
  void resize();
  void resized();
  void inspect();
  void inspected();

  World& world_;
  std::string path_;
  Endpoint* endpoint_ = nullptr;
  std::vector<std::byte> model_;  ///< empty until the file has its size
  std::size_t slots_;
  std::size_t slots_left_;
  std::optional<Open> open_;
  std::optional<Truncate> truncate_;
  std::optional<Stat> stat_;
  struct statx about_ {};
};

}  // namespace rota::simulation
