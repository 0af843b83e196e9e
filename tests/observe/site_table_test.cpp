// The kinds of task that a worker has run.

#include "observe/site_table.hpp"

#include "sites.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

namespace rota {
namespace {

TEST(SiteTableTest, each_site_has_a_kind_of_its_own_and_keeps_it) {
  const auto sites = distinct_sites<SiteTable::kMostKinds>();
  SiteTable table;
  std::set<TaskKind*> kinds;
  for (const auto& site : sites) kinds.insert(&table.find(SpawnLabel(site)));
  EXPECT_EQ(kinds.size(), sites.size());
  for (const auto& site : sites) {
    TaskKind& kind = table.find(SpawnLabel(site));
    EXPECT_TRUE(kinds.contains(&kind));
    EXPECT_STREQ(kind.site.function_name(), site.function_name());
  }
}

TEST(SiteTableTest, what_it_has_no_room_for_counts_among_the_others) {
  const auto sites = distinct_sites<SiteTable::kMostKinds + 36>();
  SiteTable table;
  for (int round = 0; round < 2; ++round) {
    for (const auto& site : sites) table.find(SpawnLabel(site)).run_ns.record(5);
  }
  HistogramSum all;
  std::size_t kinds = 0;
  table.for_each([&](const TaskKind& kind) {
    all.add(kind.run_ns);
    ++kinds;
  });
  EXPECT_EQ(kinds, SiteTable::kMostKinds + 1);
  EXPECT_EQ(all.count(), 2 * sites.size());
  HistogramSum others;
  others.add(table.others().run_ns);
  EXPECT_EQ(others.count(), 2u * 36);
}

TEST(SiteTableTest, a_task_without_a_site_has_a_kind_too) {
  SiteTable table;
  TaskKind& kind = table.find(SpawnLabel());
  EXPECT_EQ(&kind, &table.find(SpawnLabel()));
  EXPECT_NE(&kind, &table.others());
}

TEST(SiteTableTest, a_kind_has_the_name_of_its_first_task_in_a_copy) {
  SiteTable table;
  std::string name = "a name that is longer than what is kept of it";
  const SpawnLabel::Named first{std::source_location::current(), name.c_str()};
  static_cast<void>(table.find(SpawnLabel(first)));
  name.assign(name.size(), '?');
  const SpawnLabel::Named second{first.site, "another"};
  const TaskKind& kind = table.find(SpawnLabel(second));
  EXPECT_EQ(kind.name.view(), "a name that is longer than what");
}

TEST(SiteTableTest, is_read_while_kinds_come) {
  const auto sites = distinct_sites<SiteTable::kMostKinds>();
  SiteTable table;
  std::atomic<bool> over{false};
  std::size_t incomplete = 0;
  std::thread reader([&] {
    while (!over.load()) {
      table.for_each([&](const TaskKind& kind) {
        const bool complete = &kind == &table.others() || kind.name.view() == "complete";
        incomplete += complete ? 0 : 1;
      });
    }
  });
  for (int round = 0; round < 100; ++round) {
    for (const auto& site : sites) {
      const SpawnLabel::Named named{site, "complete"};
      table.find(SpawnLabel(named)).run_ns.record(1);
    }
  }
  over.store(true);
  reader.join();
  EXPECT_EQ(incomplete, 0u);
}

}  // namespace
}  // namespace rota
