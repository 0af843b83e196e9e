#include <rota/core/build_mark.hpp>

namespace rota::inline v0 {

template <class HowItIsCompiled>
void this_program_needs_a_rota_library_of() noexcept {}

template void this_program_needs_a_rota_library_of<ThisBuild>() noexcept;

extern template void this_rota_library_needs_a_program_of<ThisBuild>() noexcept;

namespace {
[[gnu::used, gnu::retain]] const BuildMark program_mark =
    &this_rota_library_needs_a_program_of<ThisBuild>;
}  // namespace

}  // namespace rota::inline v0
