#pragma once

#include <rota/config.hpp>
#include <rota/result.hpp>

#include "driver/driver.hpp"
#include "driver/refusal.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rota::inline v0 {

class SimWorld;

/// The kernel's thread that submits for all rings of a runtime: it comes with the first of them,
/// which must last until the others are made.
struct RingSubmitter {
  int number = -1;  ///< of the first ring; -1: it has not been made, or has no such thread
};

/// The worker that a driver is made for.
struct DriverPlace {
  int cpu = -1;               ///< where it is pinned: threads that the kernel starts for a ring
                              ///< shall run there too
  SimWorld* world = nullptr;  ///< which it shares with others; null: it is simulated alone, if so
  RingSubmitter* submitter = nullptr;  ///< which it shares with others; null: its own, if any
  bool tries_lone_reads = true;        ///< DriverTraits: as far as a driver of its kind may
};

struct ChosenDriver {
  std::unique_ptr<Driver> driver;
  DriverKind kind;     ///< never `best`
  const char* name;    ///< of what it is, which need not be what was asked for: "io_uring movable"
  std::string reason;  ///< why this one, and which better ones were refused
};

/// Makes the driver that is asked for. `best` probes io_uring, epoll, poll, select, in this order,
/// and falls back with equal semantics; a ring is pinned unless another profile was asked for;
/// a driver that was asked for by name is made or refused, never replaced. A seed is taken as it
/// is: who asks for any (0) has it drawn by `Runtime::make`, whose workers share it. `refused`, if
/// given, gets every refusal in the order of the attempts, whether a driver was made or not; one
/// that was made without something it asked for first has refusals as well.
Result<ChosenDriver> choose_driver(const DriverConfig& asked, std::vector<Refusal>* refused,
                                   DriverPlace place = {});

}  // namespace rota::inline v0
