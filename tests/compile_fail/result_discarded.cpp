// An I/O error may not be lost by forgetting to look.
#include <rota/rota.hpp>

void parse() {
  auto address = rota::Address::parse("127.0.0.1:80");
  rota::Address::parse("127.0.0.1:80");  // error: ignoring return value
}
