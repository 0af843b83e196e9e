#include <rota/model/memory.hpp>

namespace rota::model {

using Set = SeqCstOrder::Set;

void Memory::begin_execution() noexcept {
  versions_.clear();
  sightings_.clear();
  histories_.clear();
  fences_.clear();
  others_.clear();
  fence_set_ = 0;
  order_.clear();
  stamps_ = 0;
}

void Memory::begin_thread(std::size_t index, std::size_t parent) noexcept {
  const Knowledge inherited = index == parent ? Knowledge{} : threads_[parent].now;
  thread_count_ = index + 1;
  threads_[index] = {.now = inherited, .acquired = {}, .released = {}};
  threads_[index].now.clock.seen[index] = 1;
  advance_epoch(parent);
}

History& Memory::add(std::uint32_t number, std::uint64_t bits) {
  Version& first = versions_.take();
  first = {.bits = bits, .stamp = ++stamps_};
  return histories_.take() = {.number = number, .oldest = &first, .newest = &first};
}

Version& Memory::floor(const History& history, const VectorClock& clock) const noexcept {
  Version* newest = history.oldest;
  for (std::size_t t = 0; t < thread_count_; ++t) {
    const Sighting* sighting = history.last[t];
    while (sighting != nullptr && sighting->epoch > clock.seen[t]) {
      sighting = sighting->earlier;
    }
    if (sighting != nullptr && sighting->version->rank > newest->rank) {
      newest = sighting->version;
    }
  }
  return *newest;
}

const Memory::Candidates& Memory::candidates(std::size_t index, const History& history,
                                             const Access& access, std::uint32_t first_stamp) {
  if (order_.full()) {
    merge_order();
  }
  const Thread& thread = threads_[index];
  const Sighting* own = history.last[index];
  const bool newest_only = !weak_ || (own != nullptr && own->version == history.newest);
  const Version* oldest = newest_only ? history.newest : &floor(history, thread.now.clock);
  candidates_.count = 0;
  candidates_.allowed = 0;
  for (Version* version = history.newest;; version = version->older) {
    const bool possible = !version->continued || !access.writes_after(*version);
    if (possible && fits(thread, history, *version, access)) {
      if (version->stamp >= first_stamp || access.kind == Access::Kind::store) {
        candidates_.allowed |= std::uint64_t{1} << candidates_.count;
      }
      candidates_.versions[candidates_.count++] = version;
    }
    if (version == oldest || candidates_.count == Candidates::limit) {
      return candidates_;
    }
  }
}

// Rule 5, for an access that has not been made.
bool Memory::fits(const Thread& thread, const History& history, const Version& version,
                  const Access& access) {
  if (&version == history.newest) {
    return true;  // Nothing comes after it.
  }
  const MemoryOrder order = access.order_at(version);
  Set known = thread.now.seq_cst;
  if (acquires(order) && access.kind != Access::Kind::store) {
    known |= version.published.seq_cst;
  }
  if (order == MemoryOrder::seq_cst) {
    known |= sources_before(version, access.writes_after(version));
  } else if ((known &= fence_set_) == 0) {
    return true;
  }
  return (order_.closed(known) & targets_after(history, version)) == 0;
}

// The sources of all accesses that come before one that reads the version, or that follows it.
Set Memory::sources_before(const Version& version, bool writes) const noexcept {
  Set sources = version.write_sources | (writes ? version.read_sources : 0);
  for (const Version* older = version.older; older != nullptr; older = older->older) {
    sources |= older->write_sources | older->read_sources;
  }
  return sources;
}

// The targets of all accesses that come after one that reads the version, or that follows it.
Set Memory::targets_after(const History& history, const Version& version) {
  Set targets = 0;
  for (const Version* newer = version.newer; newer != nullptr; newer = newer->newer) {
    targets |= newer->write_target | newer->read_targets;
  }
  fences_.for_each([&](const Fence& fence) {
    if (floor(history, fence.clock).rank > version.rank) {
      targets |= fence.self;
    }
  });
  return targets;
}

// Rule 5, for an access that is being made: returns its sources and sets `self` to itself if it is
// seq_cst. The thread has acquired what the access acquires.
Set Memory::enter_order(Thread& thread, const History& history, const Version& version, bool writes,
                        MemoryOrder order, Set& self) {
  self = 0;
  Set sources = thread.now.seq_cst & fence_set_;
  Set before = 0;
  if (order == MemoryOrder::seq_cst) {
    before = order_.closed(thread.now.seq_cst | sources_before(version, writes));
    self = order_.add(before);
    thread.now.seq_cst |= self;
    sources |= self;
    before |= self;
  }
  if (sources != 0 && &version != history.newest) {
    order_.order(self != 0 ? before : order_.closed(sources), targets_after(history, version));
  }
  return sources;
}

void Memory::read(std::size_t index, History& history, Version& version, MemoryOrder order) {
  Thread& thread = threads_[index];
  thread.acquired.join(version.published);
  if (acquires(order)) {
    thread.now.join(version.published);
  }
  Set self = 0;
  version.read_sources |= enter_order(thread, history, version, false, order, self);
  version.read_targets |= self;
  see(index, history, version);
}

Version& Memory::write(std::size_t index, History& history, Version& after, const Access& access,
                       std::uint64_t bits) {
  Thread& thread = threads_[index];
  const bool changes = access.kind != Access::Kind::store;
  if (changes) {
    thread.acquired.join(after.published);
    if (acquires(access.order)) {
      thread.now.join(after.published);
    }
  }
  Version& version = versions_.take();
  version.bits = bits;
  version.stamp = ++stamps_;
  version.continued = false;
  version.write_sources =
      enter_order(thread, history, after, true, access.order, version.write_target);
  version.read_sources = 0;
  version.read_targets = 0;
  // What was known at the last release fence is known now.
  version.published = releases(access.order) ? thread.now : thread.released;
  if (changes) {
    after.continued = true;
    version.published.join(after.published);
  }
  insert(history, after, version);
  see(index, history, version);
  if (releases(access.order)) {
    advance_epoch(index);
  }
  return version;
}

void Memory::insert(History& history, Version& after, Version& version) {
  version.older = &after;
  version.newer = after.newer;
  after.newer = &version;
  if (version.newer != nullptr) {
    version.newer->older = &version;
  } else {
    history.newest = &version;
  }
  for (Version* each = &version; each != nullptr; each = each->newer) {
    each->rank = each->older->rank + 1;
  }
}

void Memory::see(std::size_t index, History& history, Version& version) {
  const Thread& thread = threads_[index];
  const VectorClock::Epoch epoch = thread.now.clock.seen[index];
  Sighting* sighting = history.last[index];
  if (sighting == nullptr || sighting->epoch != epoch) {
    sighting = &sightings_.take();
    sighting->epoch = epoch;
    sighting->earlier = history.last[index];
    history.last[index] = sighting;
  }
  sighting->version = &version;
  sighting->pauses = thread.pauses;
}

void Memory::fence(std::size_t index, MemoryOrder order) {
  Thread& thread = threads_[index];
  if (acquires(order)) {
    thread.now.join(thread.acquired);
  }
  if (order == MemoryOrder::seq_cst) {
    if (order_.full()) {
      merge_order();
    }
    Set before = thread.now.seq_cst;
    histories_.for_each([&](const History& history) {
      before |= sources_before(floor(history, thread.now.clock), false);
    });
    const Set self = order_.add(order_.closed(before));
    Fence& fence = fences_.take();
    fence.self = self;
    fence.clock = thread.now.clock;
    fence_set_ |= self;
    thread.now.seq_cst |= self;
  }
  if (releases(order)) {
    thread.released = thread.now;
    advance_epoch(index);
  }
}

void Memory::barrier_everywhere(std::size_t caller) {
  fence(caller, MemoryOrder::seq_cst);
  const Knowledge before = threads_[caller].released;
  for (std::size_t t = 0; t < thread_count_; ++t) {
    if (t != caller) {
      threads_[t].now.join(before);
      fence(t, MemoryOrder::seq_cst);
      threads_[caller].now.join(threads_[t].released);
    }
  }
  fence(caller, MemoryOrder::seq_cst);
}

bool Memory::behind(std::size_t index) {
  bool behind = false;
  histories_.for_each([&](const History& history) {
    const Sighting* sighting = history.last[index];
    behind = behind || (sighting != nullptr && sighting->pauses == threads_[index].pauses &&
                        sighting->version != history.newest);
  });
  return behind;
}

void Memory::pause(std::size_t index) {
  histories_.for_each([&](History& history) {
    const Sighting* sighting = history.last[index];
    if (sighting != nullptr && sighting->pauses == threads_[index].pauses) {
      see(index, history, *history.newest);
    }
  });
  ++threads_[index].pauses;
}

void Memory::merge_order() {
  const auto merge = [](Set& set) { set = SeqCstOrder::merged(set); };
  versions_.for_each([&](Version& version) {
    merge(version.published.seq_cst);
    merge(version.write_sources);
    merge(version.write_target);
    merge(version.read_sources);
    merge(version.read_targets);
  });
  for (Thread& thread : threads_) {
    merge(thread.now.seq_cst);
    merge(thread.acquired.seq_cst);
    merge(thread.released.seq_cst);
  }
  fences_.for_each([&](Fence& fence) { merge(fence.self); });
  others_.for_each([&](Knowledge& other) { merge(other.seq_cst); });
  merge(fence_set_);
  order_.merge();
}

}  // namespace rota::model
