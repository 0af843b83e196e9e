#include "core/descriptor_table.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace rota {
namespace {

/// No system call is made on it: the table of a socket only remembers the number.
constexpr int kSomeFd = 1'000'000;

Descriptor& adopt_socket(DescriptorTable& table, int fd) {
  return table.adopt(fd, FdKind::socket, nullptr);
}

TEST(DescriptorTableTest, an_adopted_place_holds_what_was_given) {
  DescriptorTable table;
  Descriptor& place = table.adopt(kSomeFd, FdKind::stream, nullptr);
  EXPECT_EQ(place.fd, kSomeFd);
  EXPECT_EQ(place.kind, FdKind::stream);
  EXPECT_EQ(place.in_flight, 0u);
  EXPECT_EQ(place.driver_index, -1);
  EXPECT_EQ(place.ready_hint, interest_all);
  EXPECT_EQ(table.live(), 1u);
  table.release(place);
}

TEST(DescriptorTableTest, a_stale_reference_still_points_at_a_descriptor) {
  DescriptorTable table;
  Descriptor& place = adopt_socket(table, kSomeFd);
  const std::uint32_t generation = place.generation.load();
  table.release(place);
  EXPECT_EQ(place.fd, -1);
  EXPECT_EQ(place.home.at(), nullptr);
  EXPECT_NE(place.generation.load(), generation);
}

TEST(DescriptorTableTest, a_reused_place_is_clean_and_of_a_later_generation) {
  DescriptorTable table;
  Descriptor& first = adopt_socket(table, kSomeFd);
  const std::uint32_t generation = first.generation.load();
  const std::uint32_t index = first.index;
  first.ready_hint = interest_none;
  first.registered.store(7);
  first.driver_bits = 7;
  first.driver_index = 7;
  first.lingers = true;
  first.receives_much = true;
  first.copied_sends = 4;
  first.short_read = ShortRead::proves_nothing;
  first.borrowed = true;
  for (int i = 0; i < FirstTry::kMissesInARow; ++i) {
    first.cached.miss();
    first.unpunted.miss();
  }
  table.release(first);

  Descriptor& second = adopt_socket(table, kSomeFd);
  EXPECT_EQ(&second, &first);
  EXPECT_EQ(second.index, index);
  EXPECT_GT(second.generation.load(), generation);
  EXPECT_EQ(second.ready_hint, interest_all);
  EXPECT_EQ(second.registered.load(), 0);
  EXPECT_EQ(second.driver_bits, 0);
  EXPECT_EQ(second.driver_index, -1);
  EXPECT_FALSE(second.lingers);
  EXPECT_FALSE(second.receives_much);
  EXPECT_EQ(second.copied_sends, 0);
  EXPECT_EQ(second.ahead, nullptr);
  EXPECT_EQ(second.short_read, ShortRead::unasked);
  EXPECT_FALSE(second.borrowed);
  EXPECT_FALSE(second.cached.is_given_up());
  EXPECT_FALSE(second.unpunted.is_given_up());
  table.release(second);
}

TEST(DescriptorTableTest, places_stay_where_they_are_while_the_table_grows) {
  constexpr int kPlaces = 2000;
  DescriptorTable table;
  std::vector<Descriptor*> places;
  std::set<std::uint32_t> indices;
  for (int i = 0; i < kPlaces; ++i) {
    places.push_back(&adopt_socket(table, i));
    indices.insert(places.back()->index);
  }
  EXPECT_EQ(table.live(), static_cast<std::size_t>(kPlaces));
  EXPECT_EQ(indices.size(), static_cast<std::size_t>(kPlaces));
  for (int i = 0; i < kPlaces; ++i) EXPECT_EQ(places[static_cast<std::size_t>(i)]->fd, i);
  for (Descriptor* place : places) table.release(*place);
  EXPECT_EQ(table.live(), 0u);
}

TEST(DescriptorTableTest, released_places_are_used_before_new_memory) {
  constexpr int kRounds = 2000;
  DescriptorTable table;
  std::set<Descriptor*> seen;
  for (int i = 0; i < kRounds; ++i) {
    Descriptor& place = adopt_socket(table, i);
    seen.insert(&place);
    table.release(place);
  }
  EXPECT_EQ(seen.size(), 1u);
}

TEST(DescriptorTableTest, threads_never_share_a_place) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  DescriptorTable table;
  std::vector<std::thread> threads;
  std::vector<int> strangers(kThreads, 0);
  for (int id = 0; id < kThreads; ++id) {
    threads.emplace_back([&table, &strangers, id] {
      for (int i = 0; i < kRounds; ++i) {
        Descriptor& first = adopt_socket(table, id);
        Descriptor& second = adopt_socket(table, id);
        if (&first == &second || first.fd != id || second.fd != id) {
          strangers[static_cast<std::size_t>(id)] += 1;
        }
        table.release(first);
        table.release(second);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(strangers, std::vector<int>(kThreads, 0));
  EXPECT_EQ(table.live(), 0u);
}

}  // namespace
}  // namespace rota
