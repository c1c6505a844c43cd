# Compiler flags: what every target of this project gets, and what only the library's kernels get.

include(CheckCXXCompilerFlag)

# Adds `flag` to `target` where the compiler knows it.
function(xtape_add_flag target scope flag)
  string(MAKE_C_IDENTIFIER "XTAPE_HAS${flag}" known)
  check_cxx_compiler_flag("${flag}" ${known})
  if(${known})
    target_compile_options(${target} ${scope} "$<BUILD_INTERFACE:${flag}>")
  endif()
endfunction()

# The project's warnings, for its own targets only.
function(xtape_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(XTAPE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  else()
    # A project that xtape is a part of may set -Werror, and warnings that xtape does not know.
    target_compile_options(${target} PRIVATE -Wno-error)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Copying the small buffer of an xtensor shape reads no more of it than was written.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # GCC 12 takes xsimd's AVX-512 intrinsics for uses of uninitialised values, and std::string's
      # insertions for overlapping copies.
      target_compile_options(${target} PRIVATE -Wno-uninitialized -Wno-restrict)
    endif()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # clang 19 warns of -march=native itself where the processor has AVX10.
    xtape_add_flag(${target} PRIVATE -Wno-invalid-feature-combination)
  endif()
endfunction()

# More warnings, which projects that xtape is a part of may set for all their sources and so for its
# headers. `package: subproject` has the headers pass them.
set(xtape_strict_warnings
    -Wsign-conversion
    -Wdouble-promotion
    -Wold-style-cast
    -Wcast-align
    -Wcast-qual
    -Wnon-virtual-dtor
    -Woverloaded-virtual
    -Wformat=2
    -Wundef
    -Wredundant-decls
    -Wmissing-declarations
    -Wextra-semi)

# Never -ffast-math: linked in, it makes the whole process flush denormals to zero.
function(xtape_optimise_kernels target)
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # That a loop marked `omp simd` stays scalar, as it does under a sanitizer, is no mistake.
    target_compile_options(${target} PRIVATE -Wno-pass-failed)
  endif()
  # So that a program can leave out what it does not call (-Wl,--gc-sections).
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
  if(XTAPE_ARCH)
    # Public inside the tree, because xtensor's inline code depends on it. Not exported: whoever
    # uses an installed xtape chooses the processor of their program.
    xtape_add_flag(${target} PUBLIC -march=${XTAPE_ARCH})
    xtape_add_flag(${target} PRIVATE -mprefer-vector-width=512)
  endif()
endfunction()
