// What docs/concepts says of coroutines of other libraries, and of what has no awaitable.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <coroutine>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

/// Stands for another library: resumes whoever awaits it on a thread of its own.
class Reply {
 public:
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    std::thread([waiter] { waiter.resume(); }).detach();
  }
  [[nodiscard]] int await_resume() const { return 42; }
};

// [foreign]
rota::Task<int> ask_the_other_library() {
  auto reply = co_await rota::foreign(Reply());  // whatever `co_await` takes elsewhere
  co_return reply;                               // on a worker again
}
// [/foreign]

// [poll_fn]
/// Somebody else's: a thread puts a value in and tells whoever has asked.
class Mailbox {
 public:
  std::optional<int> poll(const rota::PollWaker& waker) {
    const std::lock_guard guard(mutex_);
    if (!letter_) waker_ = waker;
    return letter_;
  }
  void put(int letter) {
    const std::lock_guard guard(mutex_);
    letter_ = letter;
    if (waker_) waker_->wake();
  }

 private:
  std::mutex mutex_;
  std::optional<int> letter_;
  std::optional<rota::PollWaker> waker_;
};

rota::Task<rota::Result<int>> take_letter(Mailbox& mailbox) {
  auto poll = [&mailbox](const rota::PollWaker& waker) { return mailbox.poll(waker); };
  auto letter = co_await rota::poll_fn(poll);
  co_return letter;
}
// [/poll_fn]

// [fd]
/// An fd that a C library owns: it says when it can be read, and the library reads.
rota::Task<bool> wait_until_readable(int fd) {
  rota::FdWatch watch(fd);
  auto seen = co_await watch.wait(POLLIN);
  const bool is_readable = seen && (*seen & POLLIN) != 0;
  auto forgotten = co_await watch.forget();  // before the library closes it
  co_return is_readable&& forgotten;
}
// [/fd]

/// Stands for another library's task: begins at once, and nobody awaits it.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { throw; }
  };
};

// [outside]
rota::Task<int> count() { co_return 3; }

Detached use_rota(rota::Runtime& runtime, rota::Oneshot<int>& result) {
  int counted = co_await rota::from_outside(runtime, count());
  auto sent = result.sender.send(counted);
  static_cast<void>(sent);
}
// [/outside]

rota::Task<int> take(rota::OneshotReceiver<int>& receiver) {
  auto value = co_await receiver.receive();
  co_return value.value_or(0);
}

rota::Task<void> all() {
  auto reply = co_await ask_the_other_library();
  expect(reply == 42, "a foreign awaitable");

  Mailbox mailbox;
  std::jthread postman([&mailbox] { mailbox.put(5); });
  auto letter = co_await take_letter(mailbox);
  expect(letter && *letter == 5, "a poll function");

  std::array<int, 2> pipe{};
  expect(::pipe2(pipe.data(), O_NONBLOCK | O_CLOEXEC) == 0, "a pipe");
  expect(::write(pipe[1], "x", 1) == 1, "a byte");
  auto is_readable = co_await wait_until_readable(pipe[0]);
  ::close(pipe[0]);
  ::close(pipe[1]);
  expect(is_readable, "an fd of somebody else's");
}

int main() {
  auto runtime = rota::Runtime::make().value();
  auto result = rota::make_oneshot<int>();
  use_rota(runtime, result);
  expect(runtime.block_on(take(result.receiver)) == 3, "from outside");
  return rota::run(all());
}
