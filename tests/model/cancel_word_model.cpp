#include "model/event.hpp"
#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/cancel_word.hpp>
#include <rota/core/mpsc_stack.hpp>

namespace rota {
namespace {

using model::Failure;
using Returned = CancelWord::Returned;

struct Node {
  model::Plain<Node*> next{nullptr};
};

enum class Bug {
  request_in_two_steps,
  completion_resumes_at_once,
  return_resumes_always,
  completion_in_two_steps,
  return_forgets_the_completion,
};

// A copy of CancelWord with one fault planted.
template <Bug bug>
class BrokenWord {
 public:
  bool request() {
    if constexpr (bug == Bug::request_in_two_steps) {
      if (word_.load() != 0) {
        return false;
      }
      word_.store(1);
      return true;
    }
    return leave_pending(1);
  }

  bool request_by_owner() { return leave_pending(2); }

  bool complete() {
    if constexpr (bug == Bug::completion_in_two_steps) {
      const bool pending = word_.load() == 0;
      if (pending) {
        word_.store(4);
        return true;
      }
    } else if (leave_pending(4)) {
      return true;
    }
    const bool under_way = word_.load() == 1;
    word_.store(under_way ? 3 : 4);
    return bug == Bug::completion_resumes_at_once || !under_way;
  }

  Returned node_returned() {
    const bool completed = word_.load() == 3;
    word_.store(completed ? 4 : 2);
    if constexpr (bug == Bug::return_forgets_the_completion) {
      return Returned::ask_driver;
    }
    return completed || bug == Bug::return_resumes_always ? Returned::resume_now
                                                          : Returned::ask_driver;
  }

 private:
  bool leave_pending(std::uint32_t to) {
    std::uint32_t seen = 0;
    return word_.compare_exchange_strong(seen, to);
  }

  Atomic<std::uint32_t> word_{0};
};

// The awaiting object of one operation, and its owner's inbox.
template <class Word>
struct Waiting {
  Word word;
  Node node;
  MpscStack<Node> inbox;
  Atomic<int> completed{0};          // The driver's terminal completion has arrived.
  Atomic<int> cancellers_inside{2};  // Registrations not yet undone.
  model::Plain<int> frame{1};        // 0 once the frame is gone.
  int resumes = 0;

  void cancel_from_elsewhere() {
    if (word.request()) {
      model::check(frame == 1, "a node is posted out of a living frame");
      inbox.push(node);
    }
    cancellers_inside.fetch_sub(1, MemoryOrder::release);
  }

  void resume() {
    ++resumes;
    model::check(resumes == 1, "the waiter resumes once");
    // Undoing the registrations waits for requests in progress (rule 4), and only for those: a node
    // still under way is what the word itself must have waited for.
    model::wait_until([this] { return cancellers_inside.load(MemoryOrder::acquire) == 0; });
    model::check(inbox.empty(), "no node is under way when the frame goes");
    frame = 0;
  }

  // The owner's loop: completions and the inbox, in whichever order they come.
  void run_owner() {
    bool completion_seen = false;
    while (resumes == 0) {
      model::wait_until([&] {
        return !inbox.empty() ||
               (!completion_seen && completed.load(MemoryOrder::acquire) != 0);
      });
      for (Node* posted = inbox.take_all(); posted != nullptr; posted = posted->next) {
        if (word.node_returned() == Returned::resume_now) {
          resume();
        }
      }
      if (!completion_seen && completed.load(MemoryOrder::acquire) != 0) {
        completion_seen = true;
        if (word.complete()) {
          resume();
        }
      }
    }
    model::check(completion_seen, "the waiter resumes after the terminal completion");
  }
};

enum class OwnTimeout { no, yes };

template <class Word, OwnTimeout own>
void two_cancellers() {
  Waiting<Word> waiting;
  model::label(waiting, "waiting");
  const auto cancel = [&waiting] { waiting.cancel_from_elsewhere(); };
  model::Thread stop = model::spawn("stop", cancel);
  model::Thread timeout = model::spawn("timeout", cancel);
  model::Thread kernel = model::spawn(
      "kernel", [&waiting] { waiting.completed.store(1, MemoryOrder::release); });
  if constexpr (own == OwnTimeout::yes) {
    (void)waiting.word.request_by_owner();
  }
  waiting.run_owner();
  stop.join();
  timeout.join();
  kernel.join();
  model::check(waiting.resumes == 1, "the waiter resumes once");
}

TEST(cancel_word, the_waiter_resumes_once_after_completion_and_node) {
  model::expect_holds(model::explore({}, two_cancellers<CancelWord, OwnTimeout::no>));
}

TEST(cancel_word, a_timeout_of_the_owner_races_with_cancellers_elsewhere) {
  model::expect_holds(model::explore({}, two_cancellers<CancelWord, OwnTimeout::yes>));
}

TEST(cancel_word, holds_within_eight_preemptions) {
  model::expect_holds_as_far_as_explored(
      model::explore_large({.preemptions = 8, .max_executions = 5'000'000},
                           two_cancellers<CancelWord, OwnTimeout::yes>));
}

template <Bug bug>
model::Report planted() {
  return model::explore({}, two_cancellers<BrokenWord<bug>, OwnTimeout::no>);
}

TEST(cancel_word, planted_request_in_two_steps_is_found) {
  // Two posts of one node, which shows first as a race on the node's link.
  model::expect_found(planted<Bug::request_in_two_steps>(), Failure::Kind::race);
}

TEST(cancel_word, planted_completion_that_resumes_at_once_is_found) {
  model::expect_found(planted<Bug::completion_resumes_at_once>(), Failure::Kind::check);
}

TEST(cancel_word, planted_return_that_always_resumes_is_found) {
  model::expect_found(planted<Bug::return_resumes_always>(), Failure::Kind::check);
}

TEST(cancel_word, planted_completion_in_two_steps_is_found) {
  model::expect_found(planted<Bug::completion_in_two_steps>(), Failure::Kind::check);
}

TEST(cancel_word, planted_return_that_forgets_the_completion_is_found) {
  model::expect_found(planted<Bug::return_forgets_the_completion>(), Failure::Kind::deadlock);
}

}  // namespace
}  // namespace rota
