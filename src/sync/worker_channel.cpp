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
  LineWait::wake(receiver);
}

}  // namespace

SendLane::SendLane(WorkerChannelCore& of) noexcept : core(&of) { run = end_pass; }

WorkerChannelCore::WorkerChannelCore() : lanes_(worker_count()) {
  for (auto& lane : lanes_) lane = Owned<SendLane>(new SendLane(*this));
}

void WorkerChannelCore::check_unused() noexcept {
  bool used = false;
  for (auto& lane : lanes_) {
    SpinGuard guard(lane->spent_room.line_lock);
    used = used || !lane->waiting.empty();
  }
  SpinGuard guard(mail_room_.line_lock);
  check_usage(!used && receivers_.empty(), "a WorkerChannel was destroyed while tasks wait for it");
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

auto WorkerChannelCore::take_room(SendLane& lane, ChannelWait& sender, Runnable& self,
                                  OnStop on_stop, ChannelWait*& receiver) noexcept -> Room {
  if (lane.closed) {
    sender.fail();
    return {nullptr, false};
  }
  if (ChannelNode* node = lane.room.pop_front()) return {node, false};
  receiver = publish(lane);  // Rule 3: before it waits.
  SpinGuard guard(lane.spent_room.line_lock);
  lane.room = std::move(lane.spent);
  if (ChannelNode* node = lane.room.pop_front()) return {node, false};
  sender.park_in(lane.waiting, self, on_stop);
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
  SpinGuard guard(mail_room_.line_lock);
  mail_.append(std::move(lane.batch));
  return ChannelCore::take_first(receivers_);
}

auto WorkerChannelCore::wait_for_mail(ChannelWait& receiver, Runnable& self,
                                      OnStop on_stop) noexcept -> Wait {
  if (!arrived_.empty()) return Wait::over;
  SpinGuard guard(mail_room_.line_lock);
  arrived_ = std::move(mail_);
  if (!arrived_.empty() || closed_) return Wait::over;
  check_usage(receivers_.empty(), "one task receives from a WorkerChannel at a time");
  receiver.park_in(receivers_, self, on_stop);
  return Wait::parked;
}

ChannelNode* WorkerChannelCore::take_value() noexcept {
  if (arrived_.empty()) {
    SpinGuard guard(mail_room_.line_lock);
    arrived_ = std::move(mail_);
  }
  return arrived_.pop_front();
}

ChannelWait* WorkerChannelCore::spend(ChannelNode& node) noexcept {
  SendLane& lane = *node.lane;
  SpinGuard guard(lane.spent_room.line_lock);
  ChannelWait* sender = ChannelCore::take_first(lane.waiting);
  if (sender == nullptr) lane.spent.push_back(node);
  return sender;
}

void WorkerChannelCore::readmit(ChannelNode& node, ChannelWait& sender) noexcept {
  {
    SpinGuard guard(mail_room_.line_lock);
    mail_.push_back(node);
  }
  LineWait::wake(&sender);
}

void WorkerChannelCore::close() noexcept {
  for (auto& lane : lanes_) {
    ChannelWait* receiver = nullptr;
    WaitLine senders;
    {
      SpinGuard guard(lane->lock);
      lane->closed = true;
      receiver = publish(*lane);
      SpinGuard spent_guard(lane->spent_room.line_lock);
      senders = LineWait::take_all(lane->waiting);
      for (LineWait* each = senders.front(); each != nullptr; each = each->next) each->fail();
    }
    LineWait::wake(receiver);
    LineWait::wake_all(std::move(senders));
  }
  ChannelWait* receiver = nullptr;
  {
    SpinGuard guard(mail_room_.line_lock);
    closed_ = true;
    receiver = ChannelCore::take_first(receivers_);
  }
  LineWait::wake(receiver);
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
