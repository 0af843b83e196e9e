// Who owns the buffers that are lent, and until when.
#include "driver/lender.hpp"

#include <rota/lease.hpp>

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace rota {
namespace {

TEST(Lender, what_came_back_last_goes_out_first) {
  const Lender::Owner lender = Lender::make();
  LentBuffer* first = lender->lend(LentSize::small);
  LentBuffer* second = lender->lend(LentSize::small);
  EXPECT_NE(first->memory, second->memory);
  lender->take_back_unused(*first);
  lender->take_back_unused(*second);
  EXPECT_EQ(lender->lend(LentSize::small), second);
  EXPECT_EQ(lender->lend(LentSize::small), first);
  lender->take_back_unused(*first);
  lender->take_back_unused(*second);
}

TEST(Lender, no_two_loans_share_memory) {
  const Lender::Owner lender = Lender::make();
  for (const LentSize size : kLentSizes) {
    std::vector<LentBuffer*> lent;
    std::set<std::byte*> starts;
    for (std::uint32_t i = 0; i < most_kept(size) + 3; ++i) {
      lent.push_back(lender->lend(size));
      ASSERT_NE(lent.back(), nullptr);
      EXPECT_EQ(lent.back()->bytes, bytes_of(size));
      EXPECT_EQ(lent.back()->single, i >= most_kept(size));
      starts.insert(lent.back()->memory);
    }
    ASSERT_EQ(starts.size(), lent.size());
    std::byte* before = nullptr;
    for (std::byte* start : starts) {
      if (before != nullptr) EXPECT_GE(start - before, std::ptrdiff_t{bytes_of(size)});
      before = start;
    }
    for (LentBuffer* each : lent) give_back(*each);
  }
}

TEST(Lender, all_that_came_back_is_lent_again) {
  const Lender::Owner lender = Lender::make();
  std::set<LentBuffer*> first;
  for (std::uint32_t i = 0; i < most_kept(LentSize::large); ++i) {
    first.insert(lender->lend(LentSize::large));
  }
  EXPECT_EQ(lender->lend_numbered(LentSize::large), nullptr);
  for (LentBuffer* each : first) give_back(*each);
  for (std::uint32_t i = 0; i < most_kept(LentSize::large); ++i) {
    LentBuffer* again = lender->lend_numbered(LentSize::large);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(first.erase(again), 1u);
    EXPECT_EQ(&lender->numbered(LentSize::large, again->number), again);
  }
  EXPECT_EQ(lender->lent(), std::int64_t{most_kept(LentSize::large)});
  for (std::uint16_t i = 0; i < most_kept(LentSize::large); ++i) {
    lender->take_back_unused(lender->numbered(LentSize::large, i));
  }
  EXPECT_EQ(lender->lent(), 0);
}

TEST(Lender, loans_outlive_it) {
  Lender::Owner lender = Lender::make();
  std::vector<Lease> leases;
  for (std::uint32_t i = 0; i < most_kept(LentSize::small) + 2; ++i) {
    LentBuffer* lent = lender->lend(LentSize::small);
    lent->memory[0] = std::byte{7};
    leases.emplace_back(*lent, 1u);
  }
  leases.erase(leases.begin());
  lender.reset();
  for (Lease& lease : leases) EXPECT_EQ(lease.bytes()[0], std::byte{7});
}

TEST(Lender, threads_give_back_while_it_lends_and_ends) {
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    Lender::Owner lender = Lender::make();
    std::vector<Lease> here;
    std::vector<Lease> there;
    for (int i = 0; i < 20; ++i) {
      here.emplace_back(*lender->lend(LentSize::small), 1u);
      there.emplace_back(*lender->lend(LentSize::small), 1u);
    }
    std::thread borrower([leases = std::move(there)]() mutable {
      for (Lease& lease : leases) {
        lease.bytes()[0] = std::byte{1};
        lease.give_back();
      }
    });
    for (Lease& lease : here) {
      lease = Lease(*lender->lend(LentSize::small), 1u);
      lease.bytes()[0] = std::byte{2};
    }
    if (round % 2 == 0) here.clear();
    lender.reset();
    here.clear();
    borrower.join();
  }
}

TEST(Lease, one_that_is_empty_has_no_bytes) {
  Lease none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0u);
  EXPECT_TRUE(none.bytes().empty());
  none.give_back();
}

TEST(Lease, what_it_has_goes_with_a_move_and_comes_back_once) {
  const Lender::Owner lender = Lender::make();
  Lease first(*lender->lend(LentSize::small), 3u);
  const std::byte* memory = first.bytes().data();
  Lease second(std::move(first));
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second.bytes().data(), memory);
  EXPECT_EQ(second.size(), 3u);
  Lease third(*lender->lend(LentSize::small), 1u);
  third = std::move(second);
  EXPECT_EQ(third.bytes().data(), memory);
  third.give_back();
  EXPECT_TRUE(third.empty());
  third.give_back();
}

}  // namespace
}  // namespace rota
