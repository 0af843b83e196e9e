#include <rota/worker_channel.hpp>

namespace rota::inline v0 {

namespace {

/// The pass of the sending worker is over.
void end_pass(Errand& self, Worker&) noexcept {
  auto& lane = static_cast<SendLane&>(self);
  ChannelWait* receiver = nullptr;
  bool is_orphan = false;
  {
    SpinGuard guard(lane.lock);
    lane.with_worker = false;
    is_orphan = lane.core == nullptr;
    if (!is_orphan) receiver = lane.core->publish(lane);
  }
  if (is_orphan) delete &lane;  // Rule 5. Else the lane may be gone by now.
  WorkerChannelCore::wake_if(receiver);
}

}  // namespace

SendLane::SendLane(WorkerChannelCore& of) noexcept : core(&of) { run = end_pass; }

WorkerChannelCore::WorkerChannelCore() : lanes_(worker_count()) {
  for (auto& lane : lanes_) lane = Owned<SendLane>(new SendLane(*this));
}

void WorkerChannelCore::check_unused() noexcept {
  bool used = false;
  for (auto& lane : lanes_) {
    SpinGuard guard(lane->spent_lock);
    used = used || !lane->waiting.empty();
  }
  SpinGuard guard(mail_lock_);
  check_usage(!used && receiver_ == nullptr,
              "a WorkerChannel was destroyed while tasks wait for it");
}

WorkerChannelCore::~WorkerChannelCore() {
  for (auto& lane : lanes_) {
    bool with_worker = false;
    {
      SpinGuard guard(lane->lock);
      lane->core = nullptr;
      with_worker = lane->with_worker;
    }
    if (with_worker) static_cast<void>(lane.release());
  }
}

void WorkerChannelCore::add_room(std::size_t lane, ChannelNode& node) noexcept {
  node.lane = &*lanes_[lane];
  lanes_[lane]->room.push_back(node);
}

auto WorkerChannelCore::take_room(SendLane& lane, ChannelWait& sender,
                                  ChannelWait*& receiver) noexcept -> Room {
  sender.failed = lane.closed;
  if (lane.closed) return {nullptr, false};
  if (ChannelNode* node = lane.room.pop_front()) return {node, false};
  receiver = publish(lane);  // Rule 3: before it waits.
  SpinGuard guard(lane.spent_lock);
  lane.room = std::move(lane.spent);
  if (ChannelNode* node = lane.room.pop_front()) return {node, false};
  park(sender);
  sender.linked = true;
  lane.waiting.push_back(sender);
  return {nullptr, true};
}

void WorkerChannelCore::send(SendLane& lane, ChannelNode& node, const Runnable& sender,
                             ChannelWait*& receiver) noexcept {
  lane.batch.push_back(node);
  lane.batched += 1;
  if (lane.batched >= kBatchValues) {
    // Whoever is in `receiver` already is not woken yet, and cannot wait again.
    if (ChannelWait* waiting = publish(lane)) receiver = waiting;
  } else if (!lane.with_worker) {
    lane.with_worker = true;
    run_after_pass(sender, lane);
  }
}

ChannelWait* WorkerChannelCore::publish(SendLane& lane) noexcept {
  if (lane.batch.empty()) return nullptr;
  lane.batches += 1;
  lane.batched = 0;
  SpinGuard guard(mail_lock_);
  mail_.append(std::move(lane.batch));
  return std::exchange(receiver_, nullptr);
}

void WorkerChannelCore::stop_sending(SendLane& lane, ChannelWait& sender) noexcept {
  {
    SpinGuard guard(lane.spent_lock);
    // The receiver has taken its value, or the channel was closed: its wake is on the way.
    if (!sender.linked) return;
    sender.linked = false;
    sender.stopped = true;
    lane.waiting.remove(sender);
  }
  requeue(*sender.waiter);
}

auto WorkerChannelCore::wait_for_mail(ChannelWait& receiver) noexcept -> Wait {
  if (!arrived_.empty()) return Wait::over;
  SpinGuard guard(mail_lock_);
  arrived_ = std::move(mail_);
  if (!arrived_.empty() || closed_) return Wait::over;
  check_usage(receiver_ == nullptr, "one task receives from a WorkerChannel at a time");
  park(receiver);
  receiver_ = &receiver;
  return Wait::parked;
}

void WorkerChannelCore::stop_receiving(ChannelWait& receiver) noexcept {
  {
    SpinGuard guard(mail_lock_);
    if (receiver_ != &receiver) return;  // Its wake is on the way.
    receiver_ = nullptr;
    receiver.stopped = true;
  }
  requeue(*receiver.waiter);
}

ChannelNode* WorkerChannelCore::take_value() noexcept {
  if (arrived_.empty()) {
    SpinGuard guard(mail_lock_);
    arrived_ = std::move(mail_);
  }
  return arrived_.pop_front();
}

ChannelWait* WorkerChannelCore::spend(ChannelNode& node) noexcept {
  SendLane& lane = *node.lane;
  SpinGuard guard(lane.spent_lock);
  ChannelWait* sender = lane.waiting.pop_front();
  if (sender != nullptr) {
    sender->linked = false;
  } else {
    lane.spent.push_back(node);
  }
  return sender;
}

void WorkerChannelCore::readmit(ChannelNode& node, ChannelWait& sender) noexcept {
  {
    SpinGuard guard(mail_lock_);
    mail_.push_back(node);
  }
  wake_if(&sender);
}

void WorkerChannelCore::close() noexcept {
  for (auto& lane : lanes_) {
    ChannelWait* receiver = nullptr;
    LinkedList<ChannelWait> senders;
    {
      SpinGuard guard(lane->lock);
      lane->closed = true;
      receiver = publish(*lane);
      SpinGuard spent_guard(lane->spent_lock);
      senders = std::move(lane->waiting);
      for (ChannelWait* each = senders.front(); each != nullptr; each = each->next) {
        each->linked = false;
        each->failed = true;
      }
    }
    wake_if(receiver);
    while (ChannelWait* sender = senders.pop_front()) wake_if(sender);
  }
  ChannelWait* receiver = nullptr;
  {
    SpinGuard guard(mail_lock_);
    closed_ = true;
    receiver = std::exchange(receiver_, nullptr);
  }
  wake_if(receiver);
}

std::uint64_t WorkerChannelCore::batches() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& lane : lanes_) {
    SpinGuard guard(lane->lock);
    sum += lane->batches;
  }
  return sum;
}

}  // namespace rota::inline v0
