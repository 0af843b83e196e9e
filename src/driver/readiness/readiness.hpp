#pragma once

#include <rota/core/atomic.hpp>
#include <rota/result.hpp>

#include "driver/driver.hpp"
#include "driver/files/file_engine.hpp"
#include "driver/files/file_engine_make.hpp"
#include "driver/readiness/poller.hpp"
#include "driver/refusal.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace rota::inline v0 {

/// Completion made of readiness, over any Poller and any FileEngine.
///
/// Rules
///   1. An operation waits in a lane of its Descriptor. The first of a lane is attempted when the
///      hint says that it may be ready; an attempt that would block clears the hint, and the
///      poller's report sets it again. Between the two no system call is made for it.
///   2. A short read from a TCP socket clears the hint as well, which saves the attempt that would
///      only confirm it. Not once a hang-up or urgent data was reported: data and FIN may have
///      come in one edge, and the urgent mark ends a read early; no further edge would come.
///   3. An fd is registered when something waits for it first, and not before: what a connection
///      does at once costs no registration. Registering reports what already holds.
///   4. A service of a lane makes at most `kLaneAttempts` system calls, a turn `kTurnOperations`,
///      for `kTurnNs`; a Descriptor that is not done by then stands in `visits_` and goes on in
///      the next turn, without waiting for an edge that has already been.
///   5. An armed Stream whose turn in the reading lane has come leaves it for
///      `Descriptor::streaming`: its links belong to `done` from then on, while it goes on taking
///      what comes. It is disarmed when its ring is full, by an error and by a cancel.
class ReadinessDriver final : public Driver {
 public:
  explicit ReadinessDriver(std::unique_ptr<Poller> poller);

  /// How the file engine that is attached next rouses this driver.
  [[nodiscard]] EngineNotify notify() noexcept;
  /// Once, before the first turn.
  void attach(std::unique_ptr<FileEngine> files) noexcept { files_ = std::move(files); }

  void begin_carry() noexcept override { files_->begin_carry(); }
  void turn(OpList todo, Deadline until, OpList& done) override;
  void cancel(Operation& operation) override;
  void wake() noexcept override;
  void let_go(Descriptor& descriptor) noexcept override;
  [[nodiscard]] bool give_away(Descriptor& descriptor) noexcept override;
  void share(Worker& home) noexcept override;
  [[nodiscard]] EngineUse engine_use() const noexcept override { return files_->use(); }
  [[nodiscard]] const DriverTraits& traits() const noexcept override { return traits_; }

 private:
  /// What is left of the work that one turn may do.
  class TurnBudget {
   public:
    /// False when the turn must end; else one attempt is paid for.
    [[nodiscard]] bool take() noexcept {
      if (until_look_ == 0) [[unlikely]]
        return look_at_clock();
      --until_look_;
      return true;
    }
    [[nodiscard]] bool used() const noexcept { return used_; }
    /// What one turn lends its receives stays in the cache until their tasks have used it.
    void note_loan(std::size_t bytes) noexcept {
      lent_bytes_ += bytes;
      if (lent_bytes_ < kTurnLentBytes) return;
      used_ = true;
      until_look_ = 0;
    }

   private:
    /// How often the clock is read within a turn: 32 attempts take some 30 to 100 us.
    static constexpr std::size_t kAttemptsPerLook = 32;
    static constexpr std::size_t kTurnLentBytes = 512 * 1024;
    [[nodiscard]] bool look_at_clock() noexcept;

    std::size_t until_look_ = kAttemptsPerLook;
    std::size_t looks_ = 0;
    std::size_t lent_bytes_ = 0;
    Instant first_look_;
    bool used_ = false;
  };

  /// Why a lane was left: nothing waits in it, it waits for readiness, or the budget ended.
  enum class Served : std::uint8_t { empty, parked, unfinished };

  static void finish(Operation& operation, OpList& done) noexcept {
    operation.state = OpState::idle;
    done.push_back(operation);
  }
  /// Ends an operation that waits in no lane any more.
  static void finish_with(Operation& operation, std::int32_t error, OpList& done) noexcept;

  void start(Operation& operation, OpList& done);
  void start_in_lane(Operation& operation, OpList& done);
  void start_on_file(Operation& operation, OpList& done);
  void hand_to_files(Operation& operation);
  void begin_close(Operation& operation, OpList& done);
  void try_end_close(Descriptor& descriptor, OpList& done);

  [[nodiscard]] bool take_wake() noexcept;
  void return_ended(OpList& done) noexcept;
  void visit_queued(OpList& done);
  void collect_ready(Deadline until, OpList& done);
  void reap_files(OpList& done);
  void take_report(const Ready& report, OpList& done);

  // Making attempts for what waits in the lanes: readiness_serve.cpp.
  [[nodiscard]] bool serve_lone_read(Descriptor& descriptor, OpList& done);
  void serve(Descriptor& descriptor, OpList& done);
  Served serve_reading(Descriptor& descriptor, OpList& done);
  Served serve_lane(Descriptor& descriptor, OpList& lane, OpList& done);
  Served serve_stream(Descriptor& descriptor, OpList& done);
  Served serve_polls(Descriptor& descriptor, OpList& done);
  Served serve_poll(Operation& poll, OpList& done);
  void settle(Descriptor& descriptor, Served served);

  void arm(Descriptor& descriptor);
  void queue_visit(Descriptor& descriptor);
  void leave_lists(Descriptor& descriptor) noexcept;
  void drop_stale_arms() noexcept;
  void end_waiting(Descriptor& descriptor, std::int32_t error, OpList& done) noexcept;

  std::unique_ptr<Poller> poller_;
  std::unique_ptr<FileEngine> files_;
  DriverTraits traits_;
  Worker* home_ = nullptr;  ///< null where tasks do not move
  TurnBudget budget_;
  OpList ended_;     ///< by cancel; comes back with the next turn
  OpList to_files_;  ///< handed over once per turn
  std::vector<Arm> arms_;
  std::vector<Ready> ready_;
  std::vector<Descriptor*> visits_;
  std::vector<Descriptor*> visiting_;  ///< visits_ of the turn before, while they are made
  Atomic<bool> woken_{false};          ///< set by wake; cleared by the turn that returns for it
};

/// The driver over `poller` with the file engine that is asked for.
Result<std::unique_ptr<Driver>> make_readiness_driver(std::unique_ptr<Poller> poller,
                                                      const EngineRequest& asked,
                                                      std::vector<Refusal>& refusals);

}  // namespace rota::inline v0
