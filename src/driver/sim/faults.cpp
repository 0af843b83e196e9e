#include "driver/sim/faults.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace rota::inline v0 {
namespace {

using Codes = std::uint64_t;

template <class... Code>
constexpr Codes codes(Code... each) noexcept {
  return ((Codes{1} << static_cast<unsigned>(each)) | ...);
}

constexpr Codes kReads = codes(OpCode::read, OpCode::read_vector, OpCode::splice_in);
constexpr Codes kWrites = codes(OpCode::write, OpCode::write_in_place, OpCode::write_vector,
                                OpCode::splice_out);
constexpr Codes kReceives = codes(OpCode::receive_message, OpCode::receive_batch);
constexpr Codes kSends = codes(OpCode::send_message, OpCode::send_batch);
constexpr Codes kMessages = kReceives | kSends;
constexpr Codes kFileReads = codes(OpCode::read_at, OpCode::read_vector_at, OpCode::splice_in_at);
constexpr Codes kFileWrites =
    codes(OpCode::write_at, OpCode::write_durably_at, OpCode::write_vector_at,
          OpCode::splice_out_at, OpCode::copy_range);
constexpr Codes kSyncs = codes(OpCode::sync, OpCode::sync_data);
constexpr Codes kAccept = codes(OpCode::accept);
constexpr Codes kConnect = codes(OpCode::connect);
constexpr Codes kPoll = codes(OpCode::poll);
constexpr Codes kChild = codes(OpCode::wait_child);
constexpr Codes kOpen = codes(OpCode::open);
constexpr Codes kLoad = codes(OpCode::load);
constexpr Codes kStat = codes(OpCode::stat);
constexpr Codes kTruncate = codes(OpCode::truncate);
constexpr Codes kAllocate = codes(OpCode::allocate);
constexpr Codes kPath = codes(OpCode::change_path);
constexpr Codes kDirectory = codes(OpCode::read_directory);
constexpr Codes kClose = codes(OpCode::close);

constexpr Codes kMemory = codes(OpCode::advise_memory);
constexpr Codes kWord = codes(OpCode::futex_wait);

constexpr Codes kWaiting = kReads | kWrites | kMessages | kAccept | kConnect | kPoll | kChild;
constexpr Codes kFile =
    kFileReads | kFileWrites | kSyncs | kTruncate | kAllocate | kOpen | kLoad | kPath | kDirectory;

/// Where an errno can come from, as the manual pages list it.
struct PlausibleError {
  int error;
  Codes codes;
  bool sockets_only;  ///< a pipe or a terminal never answers so
};

// close is missing beside EINTR on purpose: Linux has closed the fd by then, so there is nothing
// to repeat and the kernel never lets anybody see it.
constexpr std::array<PlausibleError, SimFaults::kErrors> kTable{{
    {EINTR, kWaiting | kFile | kStat | kMemory | kWord, false},
    {EAGAIN, kReads | kWrites | kMessages | kAccept, false},
    {ECONNRESET, kReads | kWrites, true},
    {EPIPE, kWrites, false},
    {ETIMEDOUT, kReads | kWrites | kConnect, true},
    {ECONNREFUSED, kConnect | kMessages, true},
    {ENETUNREACH, kConnect | kSends, true},
    {ECONNABORTED, kAccept, true},
    {ENOBUFS, kWrites | kSends | kAccept, true},
    {EPROTO, kAccept, true},
    {EMFILE, kAccept | kOpen | kLoad, false},
    {ENFILE, kAccept | kOpen | kLoad, false},
    {ENOMEM, kReads | kWrites | kMessages | kAccept | kConnect | kPoll | kFile | kStat | kMemory,
     false},
    {ENOSPC, kFileWrites | kSyncs | kAllocate | kOpen | kPath | kClose, false},
    {EDQUOT, kFileWrites | kSyncs | kAllocate | kOpen | kPath | kClose, false},
    {EIO, kFile | kStat | kClose, false},
    {EROFS, kOpen | kPath, false},
}};

bool fits(const PlausibleError& entry, OpCode code, FdKind kind) noexcept {
  if ((entry.codes & codes(code)) == 0) return false;
  if (code == OpCode::close && kind != FdKind::file) return false;
  return !entry.sockets_only || kind == FdKind::socket;
}

FdKind kind_of(const Operation& operation) noexcept {
  return operation.descriptor != nullptr ? operation.descriptor->kind : FdKind::file;
}

}  // namespace

SimFaults SimFaults::swarm(Random& random) noexcept {
  // Rare, occasional and frequent: a rate much above this keeps a program from getting anywhere.
  constexpr std::array<std::uint16_t, 3> rates{2, 15, 80};
  SimFaults faults;
  for (std::uint16_t& rate : faults.per_mille_) {
    if (random.chance(400)) rate = random.pick(rates);
  }
  if (random.chance(500)) faults.spurious_wake_per_mille = random.pick(rates);
  if (random.chance(300)) faults.clock_jump_per_mille = random.pick(rates);
  if (random.chance(300)) faults.stop_after_progress_per_mille = random.pick(rates);
  if (random.chance(300)) faults.short_file_vector_per_mille = random.pick(rates);
  return faults;
}

void SimFaults::set(int error, std::uint16_t per_mille) noexcept {
  const auto entry = std::ranges::find(kTable, error, &PlausibleError::error);
  assert(entry != kTable.end());
  per_mille_[static_cast<std::size_t>(entry - kTable.begin())] = per_mille;
}

int SimFaults::draw(Random& random, const Operation& operation) const noexcept {
  for (std::size_t i = 0; i < kErrors; ++i) {
    if (per_mille_[i] == 0 || !fits(kTable[i], operation.code, kind_of(operation))) continue;
    if (random.chance(per_mille_[i])) return kTable[i].error;
  }
  return 0;
}

bool SimFaults::plausible(int error, OpCode code, FdKind kind) noexcept {
  const auto entry = std::ranges::find(kTable, error, &PlausibleError::error);
  return entry != kTable.end() && fits(*entry, code, kind);
}

bool SimFaults::ends_connection(int error) noexcept {
  return error == ECONNRESET || error == EPIPE || error == ETIMEDOUT;
}

}  // namespace rota::inline v0
