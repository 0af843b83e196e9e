#include "driver/sim/faults.hpp"

#include "core/descriptor.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace rota {
namespace {

std::set<int> drawn(const SimFaults& faults, OpCode code, FdKind kind) {
  Random random(1);
  Descriptor descriptor;
  descriptor.kind = kind;
  Operation operation(code);
  operation.descriptor = &descriptor;
  std::set<int> errors;
  for (int i = 0; i < 20'000; ++i) errors.insert(faults.draw(random, operation));
  return errors;
}

TEST(SimFaults, NothingFailsUnlessAskedFor) {
  EXPECT_EQ(drawn(SimFaults{}, OpCode::write, FdKind::socket), std::set<int>{0});
}

TEST(SimFaults, AnErrnoHitsOnlyWhatCanFailWithIt) {
  SimFaults faults;
  for (const int error : {EINTR, ECONNRESET, EMFILE, ENOSPC}) faults.set(error, 200);
  EXPECT_EQ(drawn(faults, OpCode::read, FdKind::socket), (std::set{0, EINTR, ECONNRESET}));
  EXPECT_EQ(drawn(faults, OpCode::read, FdKind::stream), (std::set{0, EINTR}));
  EXPECT_EQ(drawn(faults, OpCode::accept, FdKind::socket), (std::set{0, EINTR, EMFILE}));
  EXPECT_EQ(drawn(faults, OpCode::write_at, FdKind::file), (std::set{0, EINTR, ENOSPC}));
}

TEST(SimFaults, ACloseIsNeverInterruptedSinceItCannotBeRepeated) {
  for (const FdKind kind : {FdKind::socket, FdKind::stream, FdKind::file}) {
    EXPECT_FALSE(SimFaults::plausible(EINTR, OpCode::close, kind));
  }
  EXPECT_TRUE(SimFaults::plausible(EIO, OpCode::close, FdKind::file));
  EXPECT_FALSE(SimFaults::plausible(EIO, OpCode::close, FdKind::socket));
}

TEST(SimFaults, ARateIsTheShareOfAttemptsThatFail) {
  SimFaults faults;
  faults.set(EIO, 100);
  Random random(5);
  Descriptor descriptor;
  descriptor.kind = FdKind::file;
  Operation operation(OpCode::sync);
  operation.descriptor = &descriptor;
  int failed = 0;
  for (int i = 0; i < 10'000; ++i) failed += faults.draw(random, operation) == EIO ? 1 : 0;
  EXPECT_GT(failed, 800);
  EXPECT_LT(failed, 1200);
}

TEST(SimFaults, EachSwarmSwitchesItsOwnKindsOn) {
  std::set<std::set<int>> swarms;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    swarms.insert(drawn(SimFaults::swarm(random), OpCode::write, FdKind::socket));
  }
  EXPECT_GT(swarms.size(), 20u);
}

}  // namespace
}  // namespace rota
