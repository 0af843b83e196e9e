#include "runtime/capabilities/groups.hpp"

#include "base/cpu_affinity.hpp"
#include "runtime/measurements/choice.hpp"

#include <cstdio>

namespace rota::inline v0 {
namespace {

void list_cost(CapabilityList& list, const char* name, Duration cost, const std::string& what,
               const std::string& without) {
  if (cost == Duration{}) return list.no(name, without);
  list.fact(name, in_us(cost) + ", " + what);
}

void list_wake(CapabilityList& list, const Measurements& measured) {
  const char* const without = "not measured: there is no second thread to be had";
  const bool has_one_cpu = allowed_cpus().size() == 1;
  list_cost(list, "wake of a sleeping thread", measured.wake,
            has_one_cpu ? "until it runs, on the same CPU" : "until it runs, on another CPU",
            without);
  list_cost(list, "the call that wakes it", measured.wake_call, "paid by whoever wakes", without);
}

void list_reads(CapabilityList& list, const Measurements& measured) {
  if (measured.folder_error) {
    const std::string why =
        "no file can be made in " + measured.folder + ": " + measured.folder_error.message();
    list.no("read without waiting", why);
    return list.no("the same in a ring", why);
  }
  const std::string where = "a page that is cached, in " + measured.folder;
  list_cost(list, "read without waiting", measured.read, where + ", by preadv2(RWF_NOWAIT)",
            "the file system of temporary files does not know preadv2(RWF_NOWAIT), or it is "
            "denied: a read hops to a ring or a thread");
  list_cost(list, "the same in a ring", measured.ring_read,
            measured.ring_reads_inline ? "complete when the call that submits it returns"
                                       : "by a thread of the kernel's, which the call wakes",
            "there is no ring, or it does not read");
}

}  // namespace

std::string in_us(Duration span) {
  constexpr double ns_per_us = 1000;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f µs", static_cast<double>(span.ns) / ns_per_us);
  return text;
}

void probe_costs(CapabilityList& list, const Measurements& measured, bool kept) {
  list.begin_group("costs");
  list.fact("measured", kept ? "before, and kept; `rota doctor --measure` does it anew"
                             : "now; `rota doctor --measure` keeps it for programs that ask "
                               "(Config::measuring)");
  list_wake(list, measured);
  list_cost(list, "a system call", measured.system_call, "that does nothing", "not measured");
  list_cost(list, "a call of io_uring_enter", measured.ring_call,
            "with an operation that does nothing", "there is no ring");
  list_reads(list, measured);
  list.fact("lone reads of files", choice_by(measured).tries_lone_reads
                                       ? "are tried before they go to a ring"
                                       : "go to the ring at once, where Config::measuring is kept");
}

}  // namespace rota::inline v0
