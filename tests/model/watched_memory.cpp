#include "model/watched_memory.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

namespace rota::model {
namespace {

constexpr std::size_t word_bytes = 8;

enum class Use : std::uint8_t { read, write, step, end };

const char* text_of(Use access) {
  switch (access) {
    case Use::read: return "a read";
    case Use::write: return "a write";
    case Use::step: return "a step";
    case Use::end: return "the end";
  }
  return "?";
}

// Who has accessed a word, when.
struct Word {
  VectorClock reads;
  VectorClock writes;
  VectorClock steps;
};

struct Region {
  std::uintptr_t begin = 0;
  std::size_t bytes = 0;
  Word* words = nullptr;
  const char* name = "";
  std::size_t ended_by = max_threads;  // A thread, once it has ended.
  bool on_heap = false;

  [[nodiscard]] bool holds(std::uintptr_t address) const { return address - begin < bytes; }
  [[nodiscard]] std::size_t word_of(std::uintptr_t address) const {
    return (address - begin) / word_bytes;
  }
};

// All that one execution watches. A block of the heap that was freed stays, and is given back
// when the next execution begins.
struct Watched {
  std::array<Region, 32> regions;
  std::size_t count = 0;
  std::array<Word, 2048> words;
  std::size_t words_used = 0;
  bool takes_blocks = false;
  bool is_checking = false;
};

Watched watched;

Region* find(std::uintptr_t address) {
  for (std::size_t i = 0; i < watched.count; ++i) {
    if (watched.regions[i].holds(address)) return &watched.regions[i];
  }
  return nullptr;
}

[[noreturn]] void fail(Engine& engine, Use now, const char* then, std::size_t other,
                       const Region& region, std::uintptr_t address) {
  watched.is_checking = false;
  engine.fail(Failure::Kind::race, std::string(text_of(now)) + " by " +
                                       engine.name_of(engine.self_index()) + " and " + then +
                                       " by " + engine.name_of(other) + " of " + region.name + "+" +
                                       std::to_string(address - region.begin) + " are not ordered");
}

void expect(Engine& engine, const VectorClock& before, Use now, Use then, const Region& region,
            std::uintptr_t address) {
  const VectorClock& known = engine.knowledge().clock;
  if (known.covers(before)) return;
  fail(engine, now, text_of(then), known.first_ahead(before), region, address);
}

void access_word(Engine& engine, Region& region, std::uintptr_t address, Use access) {
  Word& word = region.words[region.word_of(address)];
  const std::size_t self = engine.self_index();
  const VectorClock::Epoch epoch = engine.knowledge().clock.seen[self];
  expect(engine, word.writes, access, Use::write, region, address);
  if (access == Use::write || access == Use::end) {
    expect(engine, word.reads, access, Use::read, region, address);
  }
  if (access == Use::end) expect(engine, word.steps, access, Use::step, region, address);
  switch (access) {
    case Use::read: word.reads.seen[self] = epoch; return;
    case Use::step: word.steps.seen[self] = epoch; return;
    default: word.writes.seen[self] = epoch; return;
  }
}

// Its thread may use the memory of a local again; nobody else may, and nobody a freed block.
void expect_there(Engine& engine, const Region& region, std::uintptr_t address, Use access) {
  if (region.ended_by == max_threads) return;
  if (!region.on_heap && region.ended_by == engine.self_index()) return;
  fail(engine, access, "the end", region.ended_by, region, address);
}

void access(const void* memory, std::size_t bytes, Use kind) {
  Engine* engine = Engine::current();
  if (engine == nullptr || watched.is_checking || engine->evaluating()) return;
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  Region* region = find(address);
  if (region == nullptr) return;
  watched.is_checking = true;
  expect_there(*engine, *region, address, kind);
  const std::uintptr_t end = std::min(address + bytes, region->begin + region->bytes);
  for (std::uintptr_t at = address; at < end; at = (at / word_bytes + 1) * word_bytes) {
    access_word(*engine, *region, at, kind);
  }
  watched.is_checking = false;
}

void take_step(const void* atomic) { access(atomic, 1, Use::step); }

void remove(Region& region) { region = watched.regions[--watched.count]; }

// A local in whose place another one is.
void remove_overlapping(std::uintptr_t begin, std::size_t bytes) {
  for (std::size_t i = 0; i < watched.count;) {
    Region& region = watched.regions[i];
    if (region.begin < begin + bytes && begin < region.begin + region.bytes) {
      remove(region);
    } else {
      ++i;
    }
  }
}

Region& add(const void* memory, std::size_t bytes, const char* name) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  Region* same = find(begin);
  if (same != nullptr && same->begin == begin && same->bytes == bytes) {
    same->ended_by = max_threads;
    same->name = name;
    return *same;
  }
  remove_overlapping(begin, bytes);
  const std::size_t words = bytes / word_bytes + 2;  // It may begin and end inside of one.
  if (watched.count == watched.regions.size() ||
      watched.words_used + words > watched.words.size()) {
    Engine::here().fail(Failure::Kind::check, "a model watches too much memory");
  }
  Region& region = watched.regions[watched.count++];
  region = {
      .begin = begin, .bytes = bytes, .words = &watched.words[watched.words_used], .name = name};
  for (std::size_t i = 0; i < words; ++i) region.words[i] = {};
  watched.words_used += words;
  return region;
}

void* allocate(std::size_t bytes) {
  void* block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) std::abort();
  if (watched.takes_blocks) add(block, bytes, "a block of the heap").on_heap = true;
  return block;
}

// To free a block is an access of all of it: a second time, or in no order with its users, fails.
void release(void* block) {
  if (block == nullptr) return;
  Region* region = find(reinterpret_cast<std::uintptr_t>(block));
  if (region == nullptr || !region->on_heap) return std::free(block);
  end_of(block);
}

}  // namespace

void begin_watching() {
  for (std::size_t i = 0; i < watched.count; ++i) {
    Region& region = watched.regions[i];
    if (region.on_heap) std::free(reinterpret_cast<void*>(region.begin));
  }
  watched.count = 0;
  watched.words_used = 0;
  watched.takes_blocks = false;
  watched.is_checking = false;
  Engine::here().tell_of_steps(take_step);
}

void watch(const void* memory, std::size_t bytes, const char* name) {
  label(memory, bytes, name);
  add(memory, bytes, name);
}

void end_of(const void* memory) {
  Region* region = find(reinterpret_cast<std::uintptr_t>(memory));
  if (region == nullptr) return;
  access(memory, region->bytes, Use::end);
  region->ended_by = Engine::here().self_index();
}

void read_of(const void* memory, std::size_t bytes) { access(memory, bytes, Use::read); }
void write_of(const void* memory, std::size_t bytes) { access(memory, bytes, Use::write); }

WatchedHeap::WatchedHeap() noexcept { watched.takes_blocks = true; }
WatchedHeap::~WatchedHeap() { watched.takes_blocks = false; }

std::size_t blocks_left() noexcept {
  std::size_t left = 0;
  for (std::size_t i = 0; i < watched.count; ++i) {
    const Region& region = watched.regions[i];
    if (region.on_heap && region.ended_by == max_threads) ++left;
  }
  return left;
}

}  // namespace rota::model

void* operator new(std::size_t bytes) { return rota::model::allocate(bytes); }
void* operator new[](std::size_t bytes) { return rota::model::allocate(bytes); }
void operator delete(void* block) noexcept { rota::model::release(block); }
void operator delete[](void* block) noexcept { rota::model::release(block); }
void operator delete(void* block, std::size_t) noexcept { rota::model::release(block); }
void operator delete[](void* block, std::size_t) noexcept { rota::model::release(block); }
