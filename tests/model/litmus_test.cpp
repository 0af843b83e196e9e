#include "litmus.hpp"

// The shapes by which memory models are told apart, each with exactly the outcomes that C++20
// allows: one too few and the explorer misses a bug, one too many and it finds one that is none.
namespace rota {
namespace {

using model::expect_outcomes;
using model::Litmus;

constexpr auto relaxed = MemoryOrder::relaxed;
constexpr auto acquire = MemoryOrder::acquire;
constexpr auto release = MemoryOrder::release;
constexpr auto acq_rel = MemoryOrder::acq_rel;
constexpr auto seq_cst = MemoryOrder::seq_cst;

template <MemoryOrder write, MemoryOrder read>
constexpr std::array<model::Code, 2> store_buffering{[](Litmus& l) {
                                                       l.x.store(1, write);
                                                       l.r[0] = l.y.load(read);
                                                     },
                                                     [](Litmus& l) {
                                                       l.y.store(1, write);
                                                       l.r[1] = l.x.load(read);
                                                     }};

TEST(litmus, store_buffering) {
  expect_outcomes(store_buffering<relaxed, relaxed>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering<release, acquire>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering<seq_cst, acquire>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering<release, seq_cst>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering<seq_cst, seq_cst>, {"01", "10", "11"});
}

template <MemoryOrder first, MemoryOrder second>
constexpr std::array<model::Code, 2> store_buffering_with_fences{[](Litmus& l) {
                                                                   l.x.store(1, relaxed);
                                                                   fence(first);
                                                                   l.r[0] = l.y.load(relaxed);
                                                                 },
                                                                 [](Litmus& l) {
                                                                   l.y.store(1, relaxed);
                                                                   fence(second);
                                                                   l.r[1] = l.x.load(relaxed);
                                                                 }};

TEST(litmus, store_buffering_with_fences) {
  expect_outcomes(store_buffering_with_fences<seq_cst, seq_cst>, {"01", "10", "11"});
  expect_outcomes(store_buffering_with_fences<seq_cst, relaxed>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering_with_fences<seq_cst, acq_rel>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering_with_fences<acq_rel, acq_rel>, {"00", "01", "10", "11"});
}

template <MemoryOrder change, MemoryOrder read>
constexpr std::array<model::Code, 2> store_buffering_of_changes{[](Litmus& l) {
                                                                  l.x.exchange(1, change);
                                                                  l.r[0] = l.y.load(read);
                                                                },
                                                                [](Litmus& l) {
                                                                  l.y.exchange(1, change);
                                                                  l.r[1] = l.x.load(read);
                                                                }};

TEST(litmus, store_buffering_of_read_modify_writes) {
  expect_outcomes(store_buffering_of_changes<acq_rel, acquire>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering_of_changes<seq_cst, acquire>, {"00", "01", "10", "11"});
  expect_outcomes(store_buffering_of_changes<seq_cst, seq_cst>, {"01", "10", "11"});
}

TEST(litmus, store_buffering_of_seq_cst_accesses_against_a_fence) {
  expect_outcomes(std::array{store_buffering<seq_cst, seq_cst>[0],
                             store_buffering_with_fences<seq_cst, seq_cst>[1]},
                  {"01", "10", "11"});
  expect_outcomes(std::array{store_buffering<seq_cst, relaxed>[0],
                             store_buffering_with_fences<seq_cst, seq_cst>[1]},
                  {"00", "01", "10", "11"});
}

TEST(litmus, store_buffering_against_a_barrier_everywhere) {
  constexpr model::Code with_barrier = [](Litmus& l) {
    l.y.store(1, relaxed);
    model::barrier_everywhere();
    l.r[1] = l.x.load(relaxed);
  };
  expect_outcomes(std::array{store_buffering<relaxed, relaxed>[0], with_barrier},
                  {"01", "10", "11"});
}

template <MemoryOrder write, MemoryOrder read, MemoryOrder data = relaxed>
constexpr std::array<model::Code, 2> message_passing{[](Litmus& l) {
                                                       l.x.store(1, data);
                                                       l.y.store(1, write);
                                                     },
                                                     [](Litmus& l) {
                                                       l.r[0] = l.y.load(read);
                                                       l.r[1] = l.x.load(data);
                                                     }};

TEST(litmus, message_passing) {
  expect_outcomes(message_passing<relaxed, relaxed>, {"00", "01", "10", "11"});
  expect_outcomes(message_passing<relaxed, acquire>, {"00", "01", "10", "11"});
  expect_outcomes(message_passing<release, relaxed>, {"00", "01", "10", "11"});
  expect_outcomes(message_passing<release, acquire>, {"00", "01", "11"});
  expect_outcomes(message_passing<seq_cst, seq_cst>, {"00", "01", "11"});
  // The order of the seq_cst accesses is against the order in which a machine runs them.
  expect_outcomes(message_passing<relaxed, relaxed, seq_cst>, {"00", "01", "10", "11"});
}

template <MemoryOrder writer, MemoryOrder reader>
constexpr std::array<model::Code, 2> message_passing_with_fences{[](Litmus& l) {
                                                                   l.x.store(1, relaxed);
                                                                   fence(writer);
                                                                   l.y.store(1, relaxed);
                                                                 },
                                                                 [](Litmus& l) {
                                                                   l.r[0] = l.y.load(relaxed);
                                                                   fence(reader);
                                                                   l.r[1] = l.x.load(relaxed);
                                                                 }};

TEST(litmus, message_passing_with_fences) {
  expect_outcomes(message_passing_with_fences<release, acquire>, {"00", "01", "11"});
  expect_outcomes(message_passing_with_fences<seq_cst, seq_cst>, {"00", "01", "11"});
  expect_outcomes(message_passing_with_fences<release, release>, {"00", "01", "10", "11"});
  expect_outcomes(message_passing_with_fences<acquire, acquire>, {"00", "01", "10", "11"});
  expect_outcomes(message_passing_with_fences<relaxed, seq_cst>, {"00", "01", "10", "11"});
  expect_outcomes(std::array{message_passing<release, relaxed>[0],
                             message_passing_with_fences<relaxed, acquire>[1]},
                  {"00", "01", "11"});
}

// The one behaviour of relaxed atomics that is not explored: it needs a read to return what is
// written later.
TEST(litmus, load_buffering_is_left_out) {
  constexpr model::Code read_y_write_x = [](Litmus& l) {
    l.r[0] = l.y.load(relaxed);
    l.x.store(1, relaxed);
  };
  constexpr model::Code read_x_write_y = [](Litmus& l) {
    l.r[1] = l.x.load(relaxed);
    l.y.store(1, relaxed);
  };
  expect_outcomes(std::array{read_y_write_x, read_x_write_y}, {"00", "01", "10"});
}

constexpr model::Code write_1_to_x = [](Litmus& l) { l.x.store(1, relaxed); };
constexpr model::Code write_2_to_x = [](Litmus& l) { l.x.store(2, relaxed); };

TEST(litmus, coherence_of_two_reads) {
  constexpr model::Code read_twice = [](Litmus& l) {
    l.r[0] = l.x.load(relaxed);
    l.r[1] = l.x.load(relaxed);
  };
  constexpr model::Code read_twice_too = [](Litmus& l) {
    l.r[2] = l.x.load(relaxed);
    l.r[3] = l.x.load(relaxed);
  };
  expect_outcomes(std::array{write_1_to_x, read_twice}, {"00", "01", "11"});
  // All readers agree on the order of the two writes.
  std::set<std::string> agreeing;
  for (const std::string_view order : {"012", "021"}) {
    for (std::size_t pair = 0; pair < 81; ++pair) {
      const std::array at{pair % 3, pair / 3 % 3, pair / 9 % 3, pair / 27};
      if (at[0] <= at[1] && at[2] <= at[3]) {
        agreeing.insert({order[at[0]], order[at[1]], order[at[2]], order[at[3]]});
      }
    }
  }
  expect_outcomes(std::array{write_1_to_x, write_2_to_x, read_twice, read_twice_too}, agreeing);
}

TEST(litmus, what_another_thread_read_before_it_handed_on_is_not_followed_by_older) {
  constexpr model::Code read_and_hand_on = [](Litmus& l) {
    l.r[0] = l.x.load(relaxed);
    l.y.store(1, release);
  };
  constexpr model::Code take_and_read = [](Litmus& l) {
    l.r[1] = l.y.load(acquire);
    l.r[2] = l.x.load(relaxed);
  };
  expect_outcomes(std::array{write_1_to_x, read_and_hand_on, take_and_read},
                  {"000", "001", "010", "011", "100", "101", "111"});
}

TEST(litmus, coherence_of_writes_and_reads_of_one_thread) {
  constexpr model::Code write_twice_and_read = [](Litmus& l) {
    l.x.store(1, relaxed);
    l.x.store(2, relaxed);
    l.r[0] = l.x.load(relaxed);
  };
  constexpr model::Code write_1_and_read = [](Litmus& l) {
    l.x.store(1, relaxed);
    l.r[0] = l.x.load(relaxed);
  };
  constexpr model::Code read_and_write_1 = [](Litmus& l) {
    l.r[0] = l.x.load(relaxed);
    l.x.store(1, relaxed);
  };
  using model::Ends;
  expect_outcomes(std::array{write_twice_and_read}, {"2 2"}, Ends::x);
  expect_outcomes(std::array{write_1_and_read, write_2_to_x}, {"1 1", "1 2", "2 2"}, Ends::x);
  expect_outcomes(std::array{read_and_write_1, write_2_to_x}, {"0 1", "0 2", "2 1"}, Ends::x);
}

template <MemoryOrder write, MemoryOrder read, MemoryOrder between = relaxed>
constexpr std::array<model::Code, 4> independent_reads{[](Litmus& l) { l.x.store(1, write); },
                                                       [](Litmus& l) { l.y.store(1, write); },
                                                       [](Litmus& l) {
                                                         l.r[0] = l.x.load(read);
                                                         fence(between);
                                                         l.r[1] = l.y.load(read);
                                                       },
                                                       [](Litmus& l) {
                                                         l.r[2] = l.y.load(read);
                                                         fence(between);
                                                         l.r[3] = l.x.load(read);
                                                       }};

TEST(litmus, independent_reads_of_independent_writes) {
  std::set<std::string> all;
  for (int i = 0; i < 16; ++i) {
    std::string outcome;
    for (int bit = 8; bit > 0; bit /= 2) {
      outcome.push_back((i & bit) != 0 ? '1' : '0');
    }
    all.insert(outcome);
  }
  std::set<std::string> agreeing = all;
  agreeing.erase("1010");
  expect_outcomes(independent_reads<relaxed, relaxed>, all);
  expect_outcomes(independent_reads<release, acquire>, all);
  expect_outcomes(independent_reads<seq_cst, acquire>, all);
  expect_outcomes(independent_reads<relaxed, relaxed, acq_rel>, all);
  expect_outcomes(independent_reads<release, seq_cst>, agreeing);
  expect_outcomes(independent_reads<seq_cst, seq_cst>, agreeing);
  expect_outcomes(independent_reads<relaxed, relaxed, seq_cst>, agreeing);
}

template <MemoryOrder order, MemoryOrder between = relaxed>
constexpr std::array<model::Code, 2> two_writes_twice{[](Litmus& l) {
                                                        l.x.store(1, order);
                                                        fence(between);
                                                        l.y.store(2, order);
                                                      },
                                                      [](Litmus& l) {
                                                        l.y.store(1, order);
                                                        fence(between);
                                                        l.x.store(2, order);
                                                      }};

TEST(litmus, two_plus_two_writes) {
  using model::Ends;
  expect_outcomes(two_writes_twice<relaxed>, {" 11", " 12", " 21", " 22"}, Ends::x_and_y);
  expect_outcomes(two_writes_twice<release>, {" 11", " 12", " 21", " 22"}, Ends::x_and_y);
  expect_outcomes(two_writes_twice<relaxed, acq_rel>, {" 11", " 12", " 21", " 22"}, Ends::x_and_y);
  expect_outcomes(two_writes_twice<seq_cst>, {" 12", " 21", " 22"}, Ends::x_and_y);
  expect_outcomes(two_writes_twice<relaxed, seq_cst>, {" 12", " 21", " 22"}, Ends::x_and_y);
}

template <MemoryOrder write, MemoryOrder read>
constexpr std::array<model::Code, 2> write_after_message{[](Litmus& l) {
                                                           l.x.store(2, relaxed);
                                                           l.y.store(1, write);
                                                         },
                                                         [](Litmus& l) {
                                                           l.r[0] = l.y.load(read);
                                                           l.x.store(1, relaxed);
                                                         }};

TEST(litmus, a_write_after_a_message_comes_after_what_the_message_came_after) {
  expect_outcomes(write_after_message<relaxed, relaxed>, {"0 1", "0 2", "1 1", "1 2"},
                  model::Ends::x);
  expect_outcomes(write_after_message<release, acquire>, {"0 1", "0 2", "1 1"}, model::Ends::x);
}

template <MemoryOrder write, MemoryOrder read>
constexpr std::array<model::Code, 2> write_against_read{[](Litmus& l) {
                                                          l.x.store(1, write);
                                                          l.y.store(1, write);
                                                        },
                                                        [](Litmus& l) {
                                                          l.y.store(2, write);
                                                          l.r[0] = l.x.load(read);
                                                        }};

TEST(litmus, a_write_that_wins_lets_its_thread_see_what_the_loser_wrote_before) {
  using model::Ends;
  expect_outcomes(write_against_read<release, acquire>, {"0 11", "0 12", "1 11", "1 12"},
                  Ends::x_and_y);
  expect_outcomes(write_against_read<seq_cst, seq_cst>, {"0 11", "1 11", "1 12"}, Ends::x_and_y);
}

template <MemoryOrder write, MemoryOrder read>
constexpr std::array<model::Code, 3> write_to_read_causality{write_1_to_x,
                                                             [](Litmus& l) {
                                                               l.r[0] = l.x.load(read);
                                                               l.y.store(l.r[0], write);
                                                             },
                                                             [](Litmus& l) {
                                                               l.r[1] = l.y.load(read);
                                                               l.r[2] = l.x.load(relaxed);
                                                             }};

TEST(litmus, write_to_read_causality) {
  expect_outcomes(write_to_read_causality<relaxed, relaxed>,
                  {"000", "001", "100", "101", "110", "111"});
  expect_outcomes(write_to_read_causality<release, acquire>, {"000", "001", "100", "101", "111"});
}

TEST(litmus, nothing_comes_between_a_read_modify_write_and_what_it_read) {
  constexpr model::Code add_1 = [](Litmus& l) { l.r[0] = l.x.fetch_add(1, relaxed); };
  constexpr model::Code add_1_too = [](Litmus& l) { l.r[1] = l.x.fetch_add(1, relaxed); };
  constexpr model::Code write_5 = [](Litmus& l) { l.x.store(5, relaxed); };
  expect_outcomes(std::array{add_1, add_1_too}, {"01 2", "10 2"}, model::Ends::x);
  expect_outcomes(std::array{add_1, write_5}, {"0 5", "5 6"}, model::Ends::x);
  expect_outcomes(std::array{add_1, add_1_too, write_5},
                  {"01 5", "10 5", "05 6", "50 6", "56 7", "65 7"}, model::Ends::x);
}

TEST(litmus, of_two_compare_exchanges_from_one_value_one_succeeds) {
  constexpr model::Code from_0_to_1 = [](Litmus& l) {
    int expected = 0;
    l.r[0] = l.x.compare_exchange_strong(expected, 1, relaxed) ? 9 : expected;
  };
  constexpr model::Code from_0_to_2 = [](Litmus& l) {
    int expected = 0;
    l.r[1] = l.x.compare_exchange_strong(expected, 2, relaxed) ? 9 : expected;
  };
  expect_outcomes(std::array{from_0_to_1, from_0_to_2}, {"91 1", "29 2"}, model::Ends::x);
}

template <MemoryOrder write, MemoryOrder read>
constexpr std::array<model::Code, 2> change_after_message{[](Litmus& l) {
                                                            l.x.store(1, relaxed);
                                                            l.y.store(1, write);
                                                          },
                                                          [](Litmus& l) {
                                                            l.r[0] = l.y.load(read);
                                                            l.r[1] = l.x.fetch_add(2, relaxed);
                                                          }};

TEST(litmus, a_read_modify_write_may_come_before_what_has_been_written) {
  expect_outcomes(change_after_message<relaxed, relaxed>, {"00 1", "01 3", "10 1", "11 3"},
                  model::Ends::x);
  expect_outcomes(change_after_message<release, acquire>, {"00 1", "01 3", "11 3"}, model::Ends::x);
}

TEST(litmus, release_sequences_go_on_through_read_modify_writes_alone) {
  constexpr model::Code publish = [](Litmus& l) {
    l.x.store(1, relaxed);
    l.y.store(1, release);
  };
  constexpr model::Code publish_and_overwrite = [](Litmus& l) {
    l.x.store(1, relaxed);
    l.y.store(1, release);
    l.y.store(2, relaxed);
  };
  constexpr model::Code change_1 = [](Litmus& l) {
    int expected = 1;
    l.y.compare_exchange_strong(expected, 2, relaxed);
  };
  constexpr model::Code overwrite_1 = [](Litmus& l) {
    if (l.y.load(relaxed) == 1) {
      l.y.store(2, relaxed);
    }
  };
  constexpr model::Code take = [](Litmus& l) {
    l.r[0] = l.y.load(acquire);
    l.r[1] = l.x.load(relaxed);
  };
  expect_outcomes(std::array{publish, change_1, take}, {"00", "01", "11", "21"});
  expect_outcomes(std::array{publish, overwrite_1, take}, {"00", "01", "11", "20", "21"});
  expect_outcomes(std::array{publish_and_overwrite, take}, {"00", "01", "11", "20", "21"});
}

}  // namespace
}  // namespace rota
