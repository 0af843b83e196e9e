#pragma once

#include <rota/core/build_tag.hpp>

/// Refuses at link what would go wrong at run time: a program that was not compiled as its Rota
/// library was. Each side has a symbol whose name says how it was compiled, and refers to the one
/// that the other side must have, so that the linker's message has both names in it.
///
/// 1. Every source of a program refers to `this_program_needs_a_rota_library_of<ThisBuild>`, which
///    the library defines for its own build only.
/// 2. Every source of a program defines `this_rota_library_needs_a_program_of<ThisBuild>`, to which
///    a static library refers for its own build. A shared one cannot: whether a program lets it see
///    a symbol is the program's affair.
/// 3. The library's sources find another file of this name first (src/core/own_mark), as they are
///    no program's. Programs over the model checker link no library: their atomics, which they find
///    in place of <rota/core/atomic.hpp>, do not include this.
///
/// It costs a program two pointers per source, which nobody reads, and no instruction.

namespace rota::inline v0 {

extern template void this_program_needs_a_rota_library_of<ThisBuild>() noexcept;

template <class HowItWasCompiled>
void this_rota_library_needs_a_program_of() noexcept {}

namespace {
[[gnu::used, gnu::retain]] const BuildMark build_mark[] = {
    &this_program_needs_a_rota_library_of<ThisBuild>,
    &this_rota_library_needs_a_program_of<ThisBuild>,
};
}  // namespace

}  // namespace rota::inline v0
