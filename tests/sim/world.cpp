#include "sim/world.hpp"

#include "driver/sim/faults.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rota::simulation {
namespace {

/// A run has a few thousand turns; more mean that it goes nowhere.
constexpr std::size_t kMostTurns = 100'000;
/// This many turns in a row without a completion or a nap that ended, while nobody naps, mean that
/// what is out never comes back. Holds and late cancels last a few rounds of one turn.
constexpr std::size_t kMostIdleTurns = 64;
constexpr Duration kWatch{1'000'000'000};
constexpr std::uint32_t kMostNap_ns = 5'000'000;

void close_results(Operation& operation) {
  if ((operation.flags & op_stream) != 0) {
    auto& stream = static_cast<Stream&>(operation);
    while (!stream.empty()) {
      const StreamResult result = stream.pop();
      if (result.result >= 0) ::close(result.result);
    }
  } else if (operation.code == OpCode::accept || operation.code == OpCode::open) {
    if (operation.result >= 0) ::close(operation.result);
  }
}

}  // namespace

std::string World::run() {
  for (std::size_t turn = 0; violation_.empty(); ++turn) {
    if (ledger_.empty() && naps_.empty()) {
      check_end();
      break;
    }
    if (turn == kMostTurns) fail("the run does not end");
    play_turn();
  }
  return violation_;
}

void World::play_turn() {
  stir();
  OpList done;
  const Instant before = driver_.now();
  const Deadline until = next_deadline();
  OpList todo = std::exchange(todo_, OpList{});
  driver_.turn(std::move(todo), until, done);
  ledger_.mark_given();
  const Instant after = driver_.now();
  if (after <= before) fail("the clock did not go on");
  const bool anything = !done.empty();
  if (weather_.is_quiet() && !anything && !woken_ && !until.passed(after)) {
    fail("a turn ended without a reason");
  }
  woken_ = false;
  dispatch(done);
  const std::size_t napping = naps_.size();
  rouse_sleepers();
  check_progress(anything || napping > 0);
}

void World::stir() {
  if (random_.chance(weather_.cancels_per_mille) && !ledger_.empty()) {
    const std::size_t index = random_.below(static_cast<std::uint32_t>(ledger_.size()));
    if (ledger_.is_given(index)) cancel(ledger_.at(index));
  }
  if (random_.chance(weather_.slams_per_mille) && !endpoints_.empty()) {
    Endpoint& endpoint = endpoints_[random_.below(static_cast<std::uint32_t>(endpoints_.size()))];
    if (!endpoint.closed() && endpoint.link().may_be_slammed) endpoint.slam();
  }
  if (random_.chance(20)) {
    driver_.wake();
    woken_ = true;
  }
}

/// Never without a limit: nobody outside could end that wait. Sometimes none at all.
Deadline World::next_deadline() {
  if (random_.chance(50)) return Deadline::now();
  Instant until = driver_.now() + kWatch;
  for (const Nap& nap : naps_) until = std::min(until, nap.until);
  return Deadline::at(until);
}

void World::dispatch(OpList& done) {
  while (Operation* operation = done.pop_front()) {
    if (violation_.empty()) {
      const std::string wrong = ledger_.take(*operation);
      if (!wrong.empty()) fail(wrong);
    }
    if (violation_.empty()) {
      static_cast<Actor&>(*operation->waiter).completed(*operation);
    } else {
      close_results(*operation);
    }
  }
}

void World::rouse_sleepers() {
  const Instant now = driver_.now();
  for (std::size_t i = 0; i < naps_.size() && violation_.empty();) {
    if (naps_[i].until > now) {
      ++i;
      continue;
    }
    Actor* actor = naps_[i].actor;
    naps_.erase(naps_.begin() + static_cast<std::ptrdiff_t>(i));
    actor->woke();
  }
}

void World::check_progress(bool anything) {
  idle_turns_ = anything ? 0 : idle_turns_ + 1;
  if (idle_turns_ < kMostIdleTurns) return;
  fail(std::to_string(ledger_.size()) + " operations never came back");
}

void World::check_end() {
  for (const Channel& channel : channels_) {
    if (!channel.kept_its_promise()) fail("bytes were lost and no error was reported");
  }
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.closed()) fail("an endpoint was left open");
  }
  if (table_.live() != 0) fail("a Descriptor was left over");
  for (const std::unique_ptr<Actor>& actor : actors_) actor->check_end();
}

void World::submit(Operation& operation, Actor& actor) {
  operation.waiter = &actor;
  ledger_.add(operation);
  todo_.push_back(operation);
  operations_ += 1;
}

void World::cancel(Operation& operation) {
  if (operation.code == OpCode::close) return;
  ledger_.mark_cancelled(operation);
  driver_.cancel(operation);
}

void World::nap(Actor& actor) {
  naps_.push_back({driver_.now() + Duration{1 + random_.below(kMostNap_ns)}, &actor});
}

void World::fail(std::string what) {
  if (violation_.empty()) violation_ = std::move(what);
}

void World::expect_explained(const Operation& operation) {
  const int error = -operation.result;
  const FdKind kind =
      operation.descriptor != nullptr ? operation.descriptor->kind : FdKind::file;
  bool explained = weather_.faults && error != EINTR && error != EAGAIN &&
                   SimFaults::plausible(error, operation.code, kind);
  if (error == ECANCELED || error == EPIPE || error == ECONNRESET) {
    explained = !weather_.is_quiet();
  }
  if (!explained) fail(std::string("nothing explains: ") + std::strerror(error));
}

Endpoint& World::add_endpoint(int fd, FdKind kind, Link& link) {
  return endpoints_.emplace_back(*this, fd, kind, link);
}

Channel& World::add_channel(Link& link) {
  const std::uint32_t bytes = random_.between(1, random_.chance(200) ? 60'000 : 6'000);
  return channels_.emplace_back(link, static_cast<std::uint32_t>(channels_.size()), bytes);
}

void World::abandon(Driver& sound) {
  while (Operation* operation = todo_.pop_front()) {
    if (operation->code == OpCode::close) ::close(operation->descriptor->fd);
  }
  OpList done;
  for (std::size_t turn = 0; turn < kMostTurns; ++turn) {
    bool out = false;
    for (std::size_t i = 0; i < ledger_.size(); ++i) {
      Operation& operation = ledger_.at(i);
      if (!ledger_.is_given(i) || operation.state == OpState::idle) continue;
      out = true;
      sound.cancel(operation);
    }
    if (!out) break;
    sound.turn({}, Deadline::now(), done);
    while (Operation* operation = done.pop_front()) close_results(*operation);
  }
  for (Endpoint& endpoint : endpoints_) {
    if (!endpoint.closed() && !endpoint.closing()) ::close(endpoint.fd());
  }
}

}  // namespace rota::simulation
