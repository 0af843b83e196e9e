#include <rota/arms.hpp>
#include <rota/scope_errors.hpp>

#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

namespace rota::inline v0 {

void ArmBoard::decide(std::size_t arm) noexcept {
  if (rule_ == Rule::all) return;
  std::size_t seen = none;
  if (first_.compare_exchange_strong(seen, arm, MemoryOrder::relaxed)) scope_->request_stop();
}

bool ArmBoard::concerns_scope() const noexcept {
  return first() == none || !says_canceled(std::current_exception());
}

void rethrow_together(std::vector<std::exception_ptr> errors) {
  std::exception_ptr first;
  ScopeErrors::Later later;
  for (std::exception_ptr& error : errors) {
    if (error == nullptr) continue;
    if (first == nullptr) {
      first = std::move(error);
    } else {
      later.push_back(std::move(error));
    }
  }
  if (first == nullptr) return;
  if (later.empty()) std::rethrow_exception(std::move(first));
  throw ScopeErrors(std::move(first), std::move(later));
}

}  // namespace rota::inline v0
