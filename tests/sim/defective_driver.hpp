#pragma once

#include "base/random.hpp"
#include "driver/driver.hpp"
#include "sim/defect.hpp"

#include <cstddef>
#include <cstdint>

namespace rota::simulation {

/// A driver with one planted bug around a sound one.
class DefectiveDriver final : public Driver {
 public:
  DefectiveDriver(Driver& sound, Defect defect, std::uint64_t seed)
      : sound_(sound), defect_(defect), random_(seed), stopped_clock_(sound.now()) {}

  void turn(OpList todo, Deadline until, OpList& done) override;
  void cancel(Operation& operation) override;
  void wake() noexcept override { sound_.wake(); }
  [[nodiscard]] const DriverTraits& traits() const noexcept override { return sound_.traits(); }
  [[nodiscard]] Instant now() const noexcept override;

 private:
  void harm_completions(OpList& done);

  Driver& sound_;
  Defect defect_;
  Random random_;
  Instant stopped_clock_;
  Operation* come_back_again_ = nullptr;
  std::byte* write_late_ = nullptr;
};

}  // namespace rota::simulation
