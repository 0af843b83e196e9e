// Finds a bug in lock-free code of one's own, and shows that its repair holds.
//
// The program links rota::model in place of rota::rota: its <rota/core/atomic.hpp> is another one.

#include <rota/core/atomic.hpp>
#include <rota/model/explorer.hpp>
#include <rota/model/plain.hpp>

#include <iostream>

// [mailbox]
// A mailbox with one slot: one thread puts, another takes.
template <rota::MemoryOrder publish>
class Mailbox {
 public:
  bool try_put(int letter) {
    if (full_.load(rota::MemoryOrder::acquire)) return false;
    letter_ = letter;
    full_.store(true, publish);
    return true;
  }

  bool try_take(int& letter) {
    if (!full_.load(rota::MemoryOrder::acquire)) return false;
    letter = letter_;
    full_.store(false, rota::MemoryOrder::release);
    return true;
  }

 private:
  rota::Atomic<bool> full_{false};
  rota::model::Plain<int> letter_{0};  // Plain<int> in the model, int in production.
};
// [/mailbox]

// [scenario]
// One thread sends two letters; main takes them.
template <rota::MemoryOrder publish>
void two_letters() {
  Mailbox<publish> mailbox;
  rota::model::label(mailbox, "mailbox");
  rota::model::spawn("sender", [&mailbox] {
    for (int letter = 1; letter <= 2; ++letter) {
      while (!mailbox.try_put(letter)) rota::spin_pause();
    }
  });
  for (int expected = 1; expected <= 2; ++expected) {
    int letter = 0;
    while (!mailbox.try_take(letter)) rota::spin_pause();
    rota::model::check(letter == expected, "letters arrive once, in their order");
  }
  rota::model::join_all();
}

int main() {
  const auto relaxed = rota::model::explore({}, two_letters<rota::MemoryOrder::relaxed>);
  std::cout << "published relaxed: " << relaxed << "\n";
  const auto released = rota::model::explore({}, two_letters<rota::MemoryOrder::release>);
  std::cout << "published with release: " << released << "\n";
  return relaxed.failure && released.complete && !released.failure ? 0 : 1;
}
// [/scenario]
