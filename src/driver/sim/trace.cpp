#include "driver/sim/trace.hpp"

#include "base/random.hpp"
#include "core/descriptor.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace rota::inline v0 {
namespace {

constexpr std::array<std::string_view, 13> kEvents{
    "start", "attempt",       "hold",       "block",    "fault", "complete", "cancel", "raced",
    "wake",  "spurious wake", "clock jump", "deadline", "sleep"};
static_assert(kEvents.size() == static_cast<std::size_t>(SimEvent::sleep) + 1);

constexpr std::array<std::string_view, 39> kCodes{
    "poll",         "read",          "write",          "write_in_place",  "read_vector",
    "write_vector", "accept",        "connect",        "receive",         "send",
    "receive_batch", "send_batch",   "shut_down",      "install",         "splice_in",
    "splice_out",   "wait_child",    "read_at",        "write_at",        "write_durably_at",
    "read_vector_at", "write_vector_at", "splice_in_at", "splice_out_at", "copy_range",
    "sync",         "sync_data",     "truncate",       "allocate",        "advise",
    "lock",         "stat",          "open",           "load",            "change_path",
    "read_directory", "advise_memory", "futex_wait",  "close"};
static_assert(kCodes.size() == static_cast<std::size_t>(OpCode::close) + 1);

/// No table has this many Descriptors: stands for "none".
constexpr std::uint64_t kNoDescriptor = UINT32_MAX;

std::uint64_t place_of(const Operation& operation) noexcept {
  return operation.descriptor != nullptr ? operation.descriptor->index : kNoDescriptor;
}

}  // namespace

void SimTrace::fold(std::uint64_t word) noexcept { hash_ = Random::mix(hash_ ^ word) + word; }

void SimTrace::begin_line(SimEvent event, Instant at) {
  text_ += std::to_string(at.ns);
  text_ += ' ';
  text_ += kEvents[static_cast<std::size_t>(event)];
  text_ += ' ';
}

void SimTrace::note(SimEvent event, Instant at, std::int64_t value) {
  fold(static_cast<std::uint64_t>(event));
  fold(static_cast<std::uint64_t>(at.ns));
  fold(static_cast<std::uint64_t>(value));
  if (keep_ != Keep::text) return;
  begin_line(event, at);
  text_ += std::to_string(value);
  text_ += '\n';
}

void SimTrace::note(SimEvent event, Instant at, const Operation& operation, std::int64_t value) {
  fold(static_cast<std::uint64_t>(event) | static_cast<std::uint64_t>(operation.code) << 8 |
       place_of(operation) << 16);
  fold(static_cast<std::uint64_t>(at.ns));
  fold(static_cast<std::uint64_t>(value));
  if (keep_ != Keep::text) return;
  begin_line(event, at);
  text_ += kCodes[static_cast<std::size_t>(operation.code)];
  if (operation.descriptor != nullptr) {
    text_ += " on #";
    text_ += std::to_string(operation.descriptor->index);
  }
  text_ += ' ';
  text_ += std::to_string(value);
  text_ += '\n';
}

}  // namespace rota::inline v0
