#pragma once

#include <rota/core/build_tag.hpp>

// What the library's own sources find in place of include/rota/core/build_mark.hpp, whose rules
// stand there. Each refers to the library's mark, so that whoever takes any member of the archive
// takes the one with the mark.

namespace rota::inline v0 {

extern template void this_program_needs_a_rota_library_of<ThisBuild>() noexcept;

namespace {
[[gnu::used, gnu::retain]] const BuildMark build_mark =
    &this_program_needs_a_rota_library_of<ThisBuild>;
}  // namespace

}  // namespace rota::inline v0
