#pragma once

#include "model/event.hpp"
#include "model/explorer.hpp"
#include "model/plain.hpp"

#include <rota/core/spin_lock.hpp>

namespace rota::channel_model {

// What those who meet at a lane do wrong.
enum class Fault {
  none,
  waits_before_it_publishes,
  publishes_and_wakes_nobody,
  waits_without_a_look_at_what_is_spent,
  receiver_looks_before_the_lock,
  spends_without_the_lock,
  wakes_a_sender_before_its_value_is_moved,
  close_looks_before_the_lock,
  stop_does_not_look,
  frees_what_is_with_the_worker,
};

enum class Outcome { none, done, closed, stopped };

// Carries one value.
struct Node {
  model::Plain<Node*> next{nullptr};
  model::Plain<int> value{0};
};

// Nodes in the order in which they came.
struct Nodes {
  model::Plain<Node*> first{nullptr};
  model::Plain<Node*> last{nullptr};

  void push(Node& node) {
    node.next = nullptr;
    if (first == nullptr) {
      first = &node;
    } else {
      static_cast<Node*>(last)->next = &node;
    }
    last = &node;
  }
  Node* pop() {
    Node* taken = first;
    if (taken != nullptr) first = static_cast<Node*>(taken->next);
    return taken;
  }
  void take_all_of(Nodes& other) {
    while (Node* node = other.pop()) push(*node);
  }
};

// A task parked at an end of the channel: the frame that holds it, of whoever runs the task.
struct Wait {
  model::Plain<int> value{0};
  model::Plain<bool> linked{false};
  model::Plain<Outcome> outcome{Outcome::none};
  model::Event ready;

  // The frame is freed: whoever touches it later is in a race with this.
  void gone() {
    value = 0;
    linked = false;
    outcome = Outcome::none;
  }
};

// The steps of WorkerChannelCore (src/sync/worker_channel.cpp) with one lane, at whose end one task
// waits at most.
template <Fault fault>
struct Lane {
  SpinLock lock;  // of the sending worker
  Nodes room;
  Nodes batch;
  model::Plain<bool> closed{false};
  model::Plain<bool> with_worker{false};
  model::Plain<bool> orphan{false};
  model::Plain<int> freed{0};

  SpinLock spent_lock;  // of the receiver, and of a sender without room
  Nodes spent;
  model::Plain<Wait*> waiting{nullptr};

  SpinLock mail_lock;
  Nodes mail;
  model::Plain<Wait*> receiver{nullptr};
  model::Plain<bool> all_closed{false};
  Nodes arrived;  // the receiver's own

  Lane() {
    model::label(lock, "lane's lock");
    model::label(spent_lock, "spent lock");
    model::label(mail_lock, "mail lock");
  }

  static void wake(Wait* wait) {
    if (wait != nullptr) wait->ready.set();
  }

  // --- The sending worker ----------------------------------------------------------------------

  Wait* publish() {  // rule 2
    if (batch.first == nullptr) return nullptr;
    SpinGuard guard(mail_lock);
    mail.take_all_of(batch);
    if constexpr (fault == Fault::publishes_and_wakes_nobody) return nullptr;
    return take_receiver();
  }
  Wait* take_receiver() {
    Wait* woken = receiver;
    receiver = nullptr;
    return woken;
  }
  Node* take_room(Wait& sender, Wait*& woken) {  // rule 3
    if (Node* node = room.pop()) return node;
    if constexpr (fault != Fault::waits_before_it_publishes) woken = publish();
    SpinGuard guard(spent_lock);
    if constexpr (fault != Fault::waits_without_a_look_at_what_is_spent) room.take_all_of(spent);
    if (Node* node = room.pop()) return node;
    sender.linked = true;
    waiting = &sender;
    return nullptr;
  }
  // True: the sender is parked.
  bool start_send(Wait& sender, int value) {
    Wait* woken = nullptr;
    bool parked = false;
    {
      SpinGuard guard(lock);
      sender.value = value;
      sender.outcome = closed ? Outcome::closed : Outcome::done;
      if (closed) return false;
      if (Node* node = take_room(sender, woken)) {
        node->value = value;
        batch.push(*node);
        with_worker = true;
      } else {
        parked = true;
      }
    }
    wake(woken);
    return parked;
  }
  void end_pass() {
    Wait* woken = nullptr;
    bool is_orphan = false;
    {
      SpinGuard guard(lock);
      with_worker = false;
      is_orphan = orphan;
      if (!is_orphan) woken = publish();
    }
    if (is_orphan) freed = freed + 1;  // rule 5
    wake(woken);
  }
  // The task sends one value. Its pass ends when it is parked, and after every other value.
  Outcome send(int value) {
    Wait sender;
    const bool parked = start_send(sender, value);
    if (parked || value % 2 == 1) end_pass();
    if (parked) sender.ready.wait();
    const Outcome outcome = sender.outcome;
    sender.gone();
    return outcome;
  }
  // By the sender's home, while the task does not run.
  void stop_sending(Wait& sender) {
    {
      SpinGuard guard(spent_lock);
      if (!sender.linked && fault != Fault::stop_does_not_look) return;
      sender.linked = false;
      sender.outcome = Outcome::stopped;
      waiting = nullptr;
    }
    wake(&sender);
  }

  // --- The receiver ----------------------------------------------------------------------------

  // True: parked.
  bool start_receive(Wait& wait) {
    if (arrived.first != nullptr) return false;
    if constexpr (fault == Fault::receiver_looks_before_the_lock) {
      SpinGuard guard(mail_lock);
      arrived.take_all_of(mail);
      if (arrived.first != nullptr || all_closed) return false;
    }
    SpinGuard guard(mail_lock);
    if constexpr (fault != Fault::receiver_looks_before_the_lock) {
      arrived.take_all_of(mail);
      if (arrived.first != nullptr || all_closed) return false;
    }
    receiver = &wait;
    return true;
  }
  Node* take_value() {
    if (arrived.first == nullptr) {
      SpinGuard guard(mail_lock);
      arrived.take_all_of(mail);
    }
    return arrived.pop();
  }
  Wait* spend(Node& node) {
    if constexpr (fault != Fault::spends_without_the_lock) spent_lock.lock();
    Wait* sender = waiting;
    waiting = nullptr;
    if (sender != nullptr) {
      sender->linked = false;
    } else {
      spent.push(node);
    }
    if constexpr (fault != Fault::spends_without_the_lock) spent_lock.unlock();
    return sender;
  }
  void readmit(Node& node, Wait& sender) {
    if constexpr (fault == Fault::wakes_a_sender_before_its_value_is_moved) wake(&sender);
    node.value = static_cast<int>(sender.value);
    {
      SpinGuard guard(mail_lock);
      mail.push(node);
    }
    if constexpr (fault != Fault::wakes_a_sender_before_its_value_is_moved) wake(&sender);
  }
  // 0: the channel is closed, and nothing is left.
  int receive() {
    Wait wait;
    if (start_receive(wait)) wait.ready.wait();
    wait.gone();
    Node* node = take_value();
    if (node == nullptr) return 0;
    const int value = node->value;
    if (Wait* sender = spend(*node)) readmit(*node, *sender);
    return value;
  }

  // --- Any thread ------------------------------------------------------------------------------

  Wait* take_waiting() {
    Wait* sender = waiting;
    waiting = nullptr;
    if (sender == nullptr) return nullptr;
    sender->linked = false;
    sender->outcome = Outcome::closed;
    return sender;
  }
  void close() {
    Wait* sender = nullptr;
    Wait* woken = nullptr;
    if constexpr (fault == Fault::close_looks_before_the_lock) {
      SpinGuard guard(spent_lock);
      sender = take_waiting();
    }
    {
      SpinGuard guard(lock);
      closed = true;
      woken = publish();
      if constexpr (fault != Fault::close_looks_before_the_lock) {
        SpinGuard spent_guard(spent_lock);
        sender = take_waiting();
      }
    }
    wake(woken);
    wake(sender);
    {
      SpinGuard guard(mail_lock);
      all_closed = true;
      woken = take_receiver();
    }
    wake(woken);
  }
  // The channel goes, whose users have ended.
  void abandon() {
    bool kept = false;
    {
      SpinGuard guard(lock);
      orphan = true;
      kept = with_worker && fault != Fault::frees_what_is_with_the_worker;
    }
    if (!kept) freed = freed + 1;
  }
};

}  // namespace rota::channel_model
