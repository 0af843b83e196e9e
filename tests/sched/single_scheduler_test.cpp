// The one scheduler there is keeps what the interface asks of every scheduler.

#include "sched/single.hpp"
#include "sched/stage.hpp"
#include "task/ledger.hpp"

#include <rota/rota.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace rota::testing_sched {
namespace {

using testing_tasks::Ledger;

class SingleSchedulerTest : public testing::Test {
 protected:
  void SetUp() override { before_ = Ledger::now(); }
  void TearDown() override {
    stage_.reset();
    EXPECT_EQ(Ledger::now(), before_);
  }

  void begin() { stage_ = std::make_unique<Stage>(); }

  std::unique_ptr<Stage> stage_;

 private:
  Ledger before_;
};

Task<void> note_home(Worker*& home) {
  home = current_seat().worker;
  co_return;
}

Task<void> note_number(std::vector<int>& order, int number) {
  order.push_back(number);
  co_await yield();
  order.push_back(number);
}

TEST_F(SingleSchedulerTest, every_task_from_outside_lives_on_the_one_worker) {
  begin();
  SingleScheduler scheduler(stage_->worker());
  const TaskHeader task;
  EXPECT_EQ(&scheduler.place(task), &stage_->worker());
  Worker* placed = nullptr;
  std::thread([&] { placed = &scheduler.place(task); }).join();
  EXPECT_EQ(placed, &stage_->worker());
}

TEST_F(SingleSchedulerTest, a_task_spawned_by_another_thread_runs_on_the_carrier) {
  begin();
  Worker* home = nullptr;
  std::thread([&] { auto unowned = stage_->spawn(note_home(home)); }).join();
  EXPECT_EQ(home, nullptr) << "it may not run on the thread that spawned it";
  stage_->drain();
  EXPECT_EQ(home, &stage_->worker());
}

TEST_F(SingleSchedulerTest, ready_tasks_run_in_turn) {
  begin();
  std::vector<int> order;
  for (int number = 0; number < 3; ++number) {
    auto unowned = stage_->spawn(note_number(order, number));
  }
  stage_->drain();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 0, 1, 2}));
}

}  // namespace
}  // namespace rota::testing_sched
