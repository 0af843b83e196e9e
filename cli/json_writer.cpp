#include "json_writer.hpp"

#include <cmath>
#include <cstdio>

namespace rota::cli {

void JsonWriter::key(std::string_view name) {
  begin_value();
  quoted(name);
  out_ += ": ";
  after_key_ = true;
}

void JsonWriter::text(std::string_view value) {
  begin_value();
  quoted(value);
}

void JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();  // JSON has no word for it
  begin_value();
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.9g", value);
  out_ += digits;
}

void JsonWriter::whole(std::int64_t value) {
  begin_value();
  out_ += std::to_string(value);
}

void JsonWriter::truth(bool value) {
  begin_value();
  out_ += value ? "true" : "false";
}

void JsonWriter::null() {
  begin_value();
  out_ += "null";
}

void JsonWriter::open(char bracket) {
  begin_value();
  out_ += bracket;
  depth_ += 1;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  depth_ -= 1;
  if (!first_) new_line();
  out_ += bracket;
  first_ = false;
}

void JsonWriter::begin_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ == 0) return;
  if (!first_) out_ += ',';
  new_line();
  first_ = false;
}

void JsonWriter::new_line() {
  out_ += '\n';
  out_.append(std::size_t{2} * depth_, ' ');
}

void JsonWriter::quoted(std::string_view value) {
  out_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out_ += escaped;
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

}  // namespace rota::cli
