#include "model/expect.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include "process/signal_pipe.hpp"

namespace rota {
namespace {

using model::Failure;

constexpr int kFd = 7;

enum class Fault { none, closes_without_waiting, looks_before_entering };

/// The fd is a plain variable: a close that no order puts behind every write is a race.
template <Fault fault>
struct Watch {
  SignalPipe pipe;
  model::Plain<int> written{0};
  model::Plain<int> other_written{0};

  void handle(model::Plain<int>& mine) {
    int fd = 0;
    if constexpr (fault == Fault::looks_before_entering) {
      fd = pipe.open() ? kFd : 0;
      static_cast<void>(pipe.enter());
    } else {
      fd = pipe.enter();
    }
    if (fd != 0) mine = mine + 1;
    pipe.leave();
  }

  void close() {
    model::check(pipe.withdraw() == kFd, "the fd is withdrawn once");
    if constexpr (fault != Fault::closes_without_waiting) {
      model::wait_until([this] { return pipe.unused(); });
    }
    written = -1;
    other_written = -1;
  }
};

template <Fault fault, int signals = 1>
void two_handlers_and_a_close() {
  Watch<fault> watch;
  model::label(watch, "watch");
  watch.pipe.publish(kFd);
  const auto handle_all = [&watch](model::Plain<int>& mine) {
    for (int i = 0; i < signals; ++i) watch.handle(mine);
  };
  model::spawn("one", [&] { handle_all(watch.written); });
  model::spawn("two", [&] { handle_all(watch.other_written); });
  model::spawn("closer", [&] { watch.close(); });
  model::join_all();
  model::check(watch.written == -1 && watch.other_written == -1, "nothing after the close");
}

TEST(signal_pipe, no_handler_writes_into_a_closed_fd) {
  model::expect_holds(model::explore({}, two_handlers_and_a_close<Fault::none>));
}

TEST(signal_pipe, holds_for_two_signals_each) {
  model::expect_holds(model::explore({}, two_handlers_and_a_close<Fault::none, 2>));
}

TEST(signal_pipe, planted_close_without_a_wait_is_found) {
  model::expect_found(
      model::explore({}, two_handlers_and_a_close<Fault::closes_without_waiting>),
      Failure::Kind::race);
}

TEST(signal_pipe, planted_look_before_entering_is_found) {
  model::expect_found(
      model::explore({}, two_handlers_and_a_close<Fault::looks_before_entering>),
      Failure::Kind::race);
}

}  // namespace
}  // namespace rota
