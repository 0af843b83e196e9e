#include <rota/core/build_mark.hpp>

namespace rota::inline v0 {

template <class HowItIsCompiled>
void this_program_needs_a_rota_library_of() noexcept {}

template void this_program_needs_a_rota_library_of<ThisBuild>() noexcept;

}  // namespace rota::inline v0
