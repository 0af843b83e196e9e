// A frame has one owner.
#include <rota/rota.hpp>

void copy(rota::Task<int> task) {
  rota::Task<int> moved = std::move(task);
  rota::Task<int> copied = moved;  // error: call to implicitly-deleted copy constructor
}
