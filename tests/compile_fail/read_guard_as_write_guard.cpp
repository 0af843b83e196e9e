// Reading is no right to write.
#include <rota/shared_mutex.hpp>

void change(rota::WriteGuard& guard);

void read(rota::ReadGuard& reads, rota::WriteGuard& writes) {
  change(writes);
  change(reads);  // error: no matching function
}
