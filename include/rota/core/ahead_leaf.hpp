#pragma once

#include <rota/core/operation.hpp>
#include <rota/core/stream_wait.hpp>
#include <rota/lease.hpp>
#include <rota/result.hpp>

namespace rota::inline v0 {

/// A receive of what may have come before it was asked for.
class AheadLeaf : public StreamWait {
 public:
  explicit AheadLeaf(Descriptor* from) noexcept : StreamWait(from) {}
  AheadLeaf(const AheadLeaf&) = delete;
  AheadLeaf& operator=(const AheadLeaf&) = delete;
  ~AheadLeaf();

  bool start(Runnable& self) noexcept;
  Result<Lease> finish() noexcept;

 private:
  Receive receive_;
};

}  // namespace rota::inline v0
