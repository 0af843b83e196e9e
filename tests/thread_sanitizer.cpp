/// What the thread sanitizer cannot see: libstdc++ counts the holders of an exception by atomic
/// operations inside a library that is compiled without it. The last of two holders frees what the
/// other has read before, and that looks like a race. Nothing else is suppressed.

extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)

extern "C" const char* __tsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:std::runtime_error::~runtime_error\n"
         "race:std::logic_error::~logic_error\n";
}
