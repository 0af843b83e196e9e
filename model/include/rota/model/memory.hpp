#pragma once

#include <rota/core/memory_order.hpp>
#include <rota/model/knowledge.hpp>
#include <rota/model/pool.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace rota::model {

// One value that an atomic had or will have had, in its modification order.
struct Version {
  std::uint64_t bits = 0;
  Version* older = nullptr;
  Version* newer = nullptr;
  std::uint32_t rank = 0;   // Its place in the modification order.
  std::uint32_t stamp = 0;  // Its place among all writes of the execution, as they ran.
  bool continued = false;   // A read-modify-write returned it: nothing comes between the two.
  Knowledge published{};    // What an acquire that returns it makes known.

  // For rule 5: of the write and of all reads that returned it.
  SeqCstOrder::Set write_sources = 0;
  SeqCstOrder::Set write_target = 0;
  SeqCstOrder::Set read_sources = 0;
  SeqCstOrder::Set read_targets = 0;
};

// The newest version that a thread read or wrote up to one of its release points.
struct Sighting {
  VectorClock::Epoch epoch = 0;
  std::uint32_t pauses = 0;  // How often the thread had paused.
  Version* version = nullptr;
  Sighting* earlier = nullptr;
};

// One atomic.
struct History {
  std::uint32_t number = 0;
  Version* oldest = nullptr;
  Version* newest = nullptr;
  std::array<Sighting*, max_threads> last{};
};

// One access, before it is known which version it meets.
struct Access {
  enum class Kind : std::uint8_t { load, store, change, compare };

  Kind kind = Kind::load;
  MemoryOrder order = MemoryOrder::seq_cst;
  MemoryOrder failure = MemoryOrder::seq_cst;  // Of a compare that fails, which is a load.
  std::uint64_t expected = 0;                  // By a compare.

  [[nodiscard]] bool writes_after(const Version& version) const noexcept {
    return kind != Kind::load && (kind != Kind::compare || version.bits == expected);
  }
  [[nodiscard]] MemoryOrder order_at(const Version& version) const noexcept {
    return kind == Kind::compare && version.bits != expected ? failure : order;
  }
};

// The memory of C++20, without values out of thin air.
//
// Rules
//   1. A thread runs its steps in program order, and a read returns a write that has been run. So
//      load buffering, where each of two threads reads what the other writes later, is left out.
//   2. Each atomic keeps all its versions in modification order. A read, or the place of a write in
//      that order, is a choice among those that coherence allows: none older than what the thread
//      has read or written, or what it knows that another thread has (`floor`).
//   3. A read-modify-write follows directly what it read, for good.
//   4. A release publishes what its thread knows with the version, and read-modify-writes on top of
//      it hand that on; an acquire that returns the version joins it. A release fence keeps what is
//      known for later relaxed writes, an acquire fence joins what earlier relaxed reads returned.
//   5. There is one order of all seq_cst operations. If access A comes before access B of the same
//      atomic (A wrote what B or something older replaced or read, or A read what B replaced), then
//      A, and each seq_cst fence that happens before A (its sources), comes before B, and before
//      each seq_cst fence that B happens before (its targets). Happening before counts too, which
//      is C++11's rule; C++20 lets Power do a little more.
//   6. The newest version is always among the choices, so nothing gets stuck.
class Memory {
 public:
  struct Thread {
    Knowledge now;
    Knowledge acquired;  // By relaxed reads: what an acquire fence will make known.
    Knowledge released;  // At the last release fence: what relaxed writes publish.
    std::uint32_t pauses = 0;
  };

  // The versions that an access can meet, newest first. `allowed` has a bit for each that is to be
  // tried.
  struct Candidates {
    static constexpr std::size_t limit = 64;  // Still older ones are never met.

    std::size_t count = 0;
    std::uint64_t allowed = 0;
    std::array<Version*, limit> versions;
  };

  // Without `weak` an access meets the newest version, always.
  explicit Memory(bool weak) : weak_(weak) {}

  void begin_execution() noexcept;
  void begin_thread(std::size_t index, std::size_t parent) noexcept;
  History& add(std::uint32_t number, std::uint64_t bits);

  // What something else than an atomic publishes.
  [[nodiscard]] Knowledge& new_knowledge() { return others_.take() = {}; }

  [[nodiscard]] Thread& thread(std::size_t index) noexcept { return threads_[index]; }
  [[nodiscard]] std::uint32_t stamps() const noexcept { return stamps_; }

  // Those written before `first_stamp` are counted, but not allowed.
  const Candidates& candidates(std::size_t thread, const History& history, const Access& access,
                               std::uint32_t first_stamp);
  void read(std::size_t thread, History& history, Version& version, MemoryOrder order);
  Version& write(std::size_t thread, History& history, Version& after, const Access& access,
                 std::uint64_t bits);
  void fence(std::size_t thread, MemoryOrder order);

  // The release point that ends the current epoch of a thread.
  void advance_epoch(std::size_t thread) noexcept { ++threads_[thread].now.clock.seen[thread]; }

  // A full fence in every thread, each of which knows then what the caller knew before, and the
  // caller knows what all of them knew.
  void barrier_everywhere(std::size_t caller);

  // Whether something that the thread read or wrote since its last pause has a newer version.
  [[nodiscard]] bool behind(std::size_t thread);

  // From now on the thread sees the present newest version of all that it read or wrote since its
  // last pause.
  void pause(std::size_t thread);

 private:
  struct Fence {
    SeqCstOrder::Set self = 0;
    VectorClock clock;
  };

  [[nodiscard]] Version& floor(const History& history, const VectorClock& clock) const noexcept;
  [[nodiscard]] bool fits(const Thread& thread, const History& history, const Version& version,
                          const Access& access);
  [[nodiscard]] SeqCstOrder::Set sources_before(const Version& version, bool writes) const noexcept;
  [[nodiscard]] SeqCstOrder::Set targets_after(const History& history, const Version& version);
  SeqCstOrder::Set enter_order(Thread& thread, const History& history, const Version& version,
                               bool writes, MemoryOrder order, SeqCstOrder::Set& self);
  static void insert(History& history, Version& after, Version& version);
  void see(std::size_t thread, History& history, Version& version);
  void merge_order();

  const bool weak_;
  std::array<Thread, max_threads> threads_;
  std::size_t thread_count_ = 0;
  Pool<Version> versions_;
  Pool<Sighting> sightings_;
  Pool<History> histories_;
  Pool<Fence> fences_;
  Pool<Knowledge> others_;
  SeqCstOrder::Set fence_set_ = 0;
  SeqCstOrder order_;
  Candidates candidates_;
  std::uint32_t stamps_ = 0;
};

[[nodiscard]] constexpr bool acquires(MemoryOrder order) noexcept {
  return order != MemoryOrder::relaxed && order != MemoryOrder::release;
}

[[nodiscard]] constexpr bool releases(MemoryOrder order) noexcept {
  return order != MemoryOrder::relaxed && order != MemoryOrder::acquire;
}

}  // namespace rota::model
