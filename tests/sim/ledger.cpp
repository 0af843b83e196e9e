#include "sim/ledger.hpp"

#include "core/descriptor.hpp"

#include <algorithm>
#include <cassert>

namespace rota::simulation {

void Ledger::add(Operation& operation) {
  assert(find(operation) == entries_.end());
  if (operation.code == OpCode::close) {
    for (Entry& entry : entries_) {
      if (entry.operation->descriptor == operation.descriptor) entry.cancelled = true;
    }
  }
  entries_.push_back({.operation = &operation});
}

void Ledger::mark_given() {
  for (Entry& entry : entries_) entry.given = true;
}

void Ledger::mark_cancelled(Operation& operation) { find(operation)->cancelled = true; }

std::string Ledger::take(Operation& operation) {
  const auto entry = find(operation);
  if (entry == entries_.end()) return "an operation came back that nobody waits for";
  const bool is_stream = (operation.flags & op_stream) != 0;
  if (!is_stream && operation.state != OpState::idle) return "an operation came back unfinished";
  if (!is_stream && overtakes(*entry)) return "an operation overtook another of its lane";
  const Descriptor* closed = operation.code == OpCode::close ? operation.descriptor : nullptr;
  if (!is_stream || !static_cast<Stream&>(operation).armed) entries_.erase(entry);
  if (closed != nullptr && has_any_on(*closed)) return "a close came back before other operations";
  return {};
}

void Ledger::settle(Stream& stream) {
  const auto entry = find(stream);
  if (entry != entries_.end() && !stream.armed) entries_.erase(entry);
}

bool Ledger::has_any_on(const Descriptor& descriptor) const {
  return std::ranges::any_of(entries_, [&descriptor](const Entry& entry) {
    return entry.operation->descriptor == &descriptor;
  });
}

std::vector<Ledger::Entry>::iterator Ledger::find(const Operation& operation) {
  return std::ranges::find(entries_, &operation, &Entry::operation);
}

/// Whether one of the same lane that was started earlier is still out. A cancelled operation may
/// leave early.
bool Ledger::overtakes(const Entry& entry) const {
  const Operation& operation = *entry.operation;
  if (entry.cancelled || operation.descriptor == nullptr) return false;
  const OpList* lane = lane_of(*operation.descriptor, operation.code);
  if (lane != &operation.descriptor->reading && lane != &operation.descriptor->writing) {
    return false;
  }
  for (const Entry& earlier : entries_) {
    if (earlier.operation == &operation) return false;
    const bool same = earlier.operation->descriptor == operation.descriptor &&
                      lane_of(*operation.descriptor, earlier.operation->code) == lane;
    if (same && (earlier.operation->flags & op_stream) == 0) return true;
  }
  return false;
}

}  // namespace rota::simulation
