#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rota::cli {

/// Writes one JSON document into a string, indented for people. The caller opens and closes what
/// it opened; commas and quoting are seen to here.
class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// Inside an object, before each value.
  void key(std::string_view name);

  void text(std::string_view value);
  void number(double value);
  void whole(std::int64_t value);
  void truth(bool value);
  void null();

  void field(std::string_view name, std::string_view value) { key(name), text(value); }
  void field(std::string_view name, const char* value) { key(name), text(value); }
  void field(std::string_view name, double value) { key(name), number(value); }

  [[nodiscard]] std::string take() { return std::move(out_) + '\n'; }

 private:
  void open(char bracket);
  void close(char bracket);
  void begin_value();
  void new_line();
  void quoted(std::string_view value);

  std::string out_;
  unsigned depth_ = 0;
  bool first_ = true;       ///< nothing stands yet in the innermost object or array
  bool after_key_ = false;
};

}  // namespace rota::cli
