// Answers of docs/cookbook.md about what tasks share.

#include <rota/rota.hpp>

#include "../expect.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// [pool]
rota::Task<void> work_off(rota::Channel<int>& jobs, std::vector<int>& done) {
  for (;;) {
    auto job = co_await jobs.receive();
    if (!job) co_return;  // closed and empty
    auto worked = co_await rota::sleep(1ms);
    if (worked) done.push_back(*job);
  }
}

rota::Task<std::vector<int>> with_four_workers(int count) {
  rota::Channel<int> jobs(8);  // when it is full, whoever brings a job waits
  std::vector<int> done;
  auto body = [&](rota::Scope& scope) -> rota::Task<void> {
    for (int i = 0; i < 4; ++i) scope.spawn(work_off(jobs, done));
    for (int i = 0; i < count; ++i) {
      auto sent = co_await jobs.send(i);
      if (!sent) break;
    }
    jobs.close();
  };
  co_await rota::with_scope(body);
  co_return done;
}
// [/pool]

// [request]
struct Question {
  int number;
  rota::OneshotSender<int> answer;
};

rota::Task<void> answer_all(rota::Channel<Question>& questions) {
  for (;;) {
    auto question = co_await questions.receive();
    if (!question) co_return;
    auto sent = question->answer.send(question->number * 2);
    if (!sent) continue;  // whoever asked is gone
  }
}

rota::Task<int> ask(rota::Channel<Question>& questions, int number) {
  auto ends = rota::make_oneshot<int>();
  Question question{number, std::move(ends.sender)};
  auto asked = co_await questions.send(std::move(question));
  if (!asked) co_return 0;
  auto answer = co_await ends.receiver.receive();
  co_return answer.value_or(0);
}
// [/request]

// [settings]
struct Settings {
  int limit = 1;
};
using SharedSettings = std::shared_ptr<const Settings>;

rota::Task<int> see_changes(rota::WatchReader<SharedSettings> settings) {
  int last = 0;
  for (;;) {
    auto changed = co_await settings.changed();  // the newest, not each
    if (!changed) co_return last;                // closed, or stopped
    last = (*changed)->limit;
  }
}
// [/settings]

// [cache]
class Cache {
 public:
  rota::Task<std::string> find(std::string key) {
    {
      auto reading = co_await mutex_.lock_shared();  // many at once
      if (!reading) co_return "";
      auto known = values_.find(key);
      if (known != values_.end()) co_return known->second;
    }
    auto writing = co_await mutex_.lock();  // alone
    if (!writing) co_return "";
    auto known = values_.find(key);  // somebody may have been faster
    if (known != values_.end()) co_return known->second;
    auto fetched = co_await rota::sleep(1ms);
    if (!fetched) co_return "";
    fetches_ += 1;
    co_return values_[key] = "value of " + key;
  }
  [[nodiscard]] int fetches() const { return fetches_; }

 private:
  rota::SharedMutex mutex_;
  std::map<std::string, std::string> values_;
  int fetches_ = 0;
};
// [/cache]

// [ready]
rota::Task<void> start_part(rota::Latch& started) {
  auto prepared = co_await rota::sleep(1ms);
  static_cast<void>(prepared);
  started.count_down();
}

rota::Task<bool> start_three_parts() {
  rota::Latch started(3);
  auto body = [&](rota::Scope& scope) -> rota::Task<bool> {
    for (int i = 0; i < 3; ++i) scope.spawn(start_part(started));
    auto all = co_await started.wait();
    co_return all.has_value();
  };
  auto all = co_await rota::with_scope(body);
  co_return all;
}
// [/ready]

// [per_worker]
rota::Task<long> count_on_all_workers() {
  auto counts = co_await rota::Sharded<long>::make(0L);  // one per worker; no lock, no atomics
  auto add = [](long& mine) { mine += 1; };
  co_await counts.invoke_on_all(add);
  auto read = [](long& mine) { return mine; };
  auto plus = [](long a, long b) { return a + b; };
  auto sum = co_await counts.map_reduce(0L, read, plus);
  co_await counts.stop();
  co_return sum;
}
// [/per_worker]

rota::Task<void> all() {
  auto done = co_await with_four_workers(20);
  expect(done.size() == 20, "a pool");

  rota::Channel<Question> questions(4);
  auto answering = rota::spawn(answer_all(questions));
  auto answer = co_await ask(questions, 21);
  questions.close();
  auto ended = co_await answering.join();
  expect(ended && answer == 42, "a question");

  rota::Watch<SharedSettings> settings(std::make_shared<const Settings>());
  auto watching = rota::spawn(see_changes(settings.subscribe()));
  for (int limit = 2; limit <= 5; ++limit) {
    auto set = settings.set(std::make_shared<const Settings>(Settings{limit}));
    expect(set.has_value(), "a setting");
  }
  settings.close();
  auto seen = co_await watching.join();
  expect(std::move(seen).value() == 5, "the newest setting");

  Cache cache;
  auto both = co_await rota::join_all(cache.find("a"), cache.find("a"));
  expect(std::get<0>(both) == "value of a" && cache.fetches() == 1, "a cache");
  auto started = co_await start_three_parts();
  expect(started, "a latch");
}

int main() {
  rota::Config config;
  config.scheduler.kind = rota::SchedulerKind::per_core;
  config.scheduler.workers = 2;
  auto runtime = rota::Runtime::make(config).value();
  expect(runtime.block_on(count_on_all_workers()) == 2, "a value per worker");
  return rota::run(all());
}
