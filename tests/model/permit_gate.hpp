#pragma once

#include "model/event.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/permit_word.hpp>
#include <rota/core/spin_lock.hpp>

#include <cstdint>

namespace rota::model {

// A task parked on permits: the frame that holds the wait.
struct PermitWaiter {
  explicit PermitWaiter(std::uint32_t count) : wanted(count) {}

  const std::uint32_t wanted;
  Plain<PermitWaiter*> next{nullptr};
  Plain<bool> stands{false};
  Plain<bool> parked{false};
  Plain<bool> stopped{false};
  Event ready;  // The task is in a queue.

  void wake() {
    check(parked, "what is woken was parked");
    parked = false;
    ready.set();
  }
  // The frame is freed: whoever touches it later is in a race with this.
  void gone() {
    next = nullptr;
    stands = false;
  }
};

// What those who use the word do wrong.
enum class GateFault : std::uint8_t {
  none,
  gives_in_vain_under_the_lock,
  gives_without_looking,
  stop_does_not_look,
  stop_does_not_hand_out,
  hands_out_past_the_first,
};

// The steps of Permits (src/sync/permits.cpp) over its word, with a line made of what the model
// sees.
template <class Word, GateFault fault = GateFault::none>
class Gate {
 public:
  explicit Gate(std::uint32_t permits) : word_(permits) {
    label(word_, "word");
    label(lock_, "lock");
  }

  // True: parked.
  bool start(PermitWaiter& waiter) {
    if (word_.try_take(waiter.wanted)) return false;
    Held held(*this);
    if (word_.take_or_wait(waiter.wanted) == Word::Taken::yes) return false;
    waiter.parked = true;
    stand_in(waiter);
    return true;
  }
  // True: it has them.
  bool take(PermitWaiter& waiter) {
    if (start(waiter)) waiter.ready.wait();
    waiter.gone();
    return !waiter.stopped;
  }
  // For one that is parked already.
  bool take_parked(PermitWaiter& waiter) {
    if (word_.try_take(waiter.wanted)) return true;
    Held held(*this);
    if (word_.take_or_wait(waiter.wanted) == Word::Taken::yes) return true;
    stand_in(waiter);
    return false;
  }
  void give(std::uint32_t given) {
    while (!word_.try_give(given)) {
      PermitWaiter* served = nullptr;
      {
        Held held(*this);
        if (!word_.anybody_waits() && fault != GateFault::gives_without_looking) {
          if constexpr (fault == GateFault::gives_in_vain_under_the_lock) {
            if (word_.try_give(given)) return;
          }
          continue;
        }
        word_.give_locked(given);
        served = hand_out();
      }
      wake_all(served);
      return;
    }
  }
  void stop(PermitWaiter& waiter) {
    PermitWaiter* served = nullptr;
    {
      Held held(*this);
      if (!waiter.stands && fault != GateFault::stop_does_not_look) return;
      waiter.stands = false;
      waiter.stopped = true;
      remove(waiter);
      if constexpr (fault != GateFault::stop_does_not_hand_out) {
        served = hand_out();
      } else if (first_ == nullptr) {
        word_.end_waiting();
      }
    }
    wake_all(served);
    waiter.wake();
  }

  [[nodiscard]] std::uint32_t permits() const { return word_.permits(); }
  // Whoever knows that nobody uses it any more frees it.
  void free() { memory_ = false; }
  void check_at_rest(std::uint32_t permits) {
    check(word_.permits() == permits && !word_.anybody_waits(), "every permit came back");
  }

 private:
  class Held {
   public:
    explicit Held(Gate& gate) : gate_(gate) {
      gate_.lock_.lock();
      check(gate_.memory_, "what is used is there");
    }
    ~Held() {
      gate_.lock_.unlock();
      check(gate_.memory_, "what is used is there");
    }

   private:
    Gate& gate_;
  };

  void stand_in(PermitWaiter& waiter) {
    waiter.stands = true;
    PermitWaiter* last = first_;
    if (last == nullptr) {
      first_ = &waiter;
      return;
    }
    while (last->next != nullptr) last = last->next;
    last->next = &waiter;
  }
  void remove(PermitWaiter& waiter) {
    if (first_ == &waiter) {
      first_ = static_cast<PermitWaiter*>(waiter.next);
      return;
    }
    for (PermitWaiter* each = first_; each != nullptr; each = each->next) {
      if (each->next == &waiter) each->next = static_cast<PermitWaiter*>(waiter.next);
    }
  }
  // Those served, newest first: nothing depends on the order in which they are woken.
  PermitWaiter* hand_out() {
    PermitWaiter* served = nullptr;
    while (PermitWaiter* waiter = first_) {
      if (fault == GateFault::hands_out_past_the_first && waiter->next != nullptr) {
        waiter = waiter->next;
      }
      if (!word_.take_locked(waiter->wanted)) return served;
      remove(*waiter);
      waiter->stands = false;
      waiter->next = served;
      served = waiter;
    }
    word_.end_waiting();
    return served;
  }
  static void wake_all(PermitWaiter* served) {
    while (served != nullptr) {
      PermitWaiter& each = *served;
      served = each.next;
      each.wake();
    }
  }

  Word word_;
  SpinLock lock_;
  Plain<PermitWaiter*> first_{nullptr};
  Plain<bool> memory_{true};
};

}  // namespace rota::model
