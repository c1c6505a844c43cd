# Compiler flags: for all targets of this project, and for the library's kernels only.

include(CheckCXXCompilerFlag)

# Adds `flag` to `target` if the compiler supports it.
function(xtape_add_flag target scope flag)
  string(MAKE_C_IDENTIFIER "XTAPE_HAS${flag}" known)
  check_cxx_compiler_flag("${flag}" ${known})
  if(${known})
    target_compile_options(${target} ${scope} "$<BUILD_INTERFACE:${flag}>")
  endif()
endfunction()

# Sets the project's warnings, for its own targets only.
function(xtape_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(XTAPE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  else()
    # A project that contains xtape may set -Werror, and warnings that xtape does not use.
    target_compile_options(${target} PRIVATE -Wno-error)
  endif()
  if(CMAKE_UNITY_BUILD)
    # A local name is no mistake where another source of the same unit has that name. Neither is a
    # type in an unnamed namespace where GCC takes the source for a header.
    target_compile_options(${target} PRIVATE -Wno-shadow
                                             $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Copying the small buffer of an xtensor shape reads only what was written.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      # GCC 12 mistakes xsimd's AVX-512 intrinsics for uses of uninitialised values, and
      # std::string's insertions for overlapping copies.
      target_compile_options(${target} PRIVATE -Wno-uninitialized -Wno-restrict)
    else()
      # GCC 13 and 14 take every reference that a function of a temporary returns for a part of it.
      target_compile_options(${target} PRIVATE -Wno-dangling-reference)
    endif()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # clang 19 warns about -march=native itself if the processor has AVX10.
    xtape_add_flag(${target} PRIVATE -Wno-invalid-feature-combination)
  endif()
endfunction()

# Stricter warnings. Projects that contain xtape may set them for all sources, and so for its
# headers. `package: subproject` tests the headers with them.
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

# Allows a program to drop unused functions (-Wl,--gc-sections).
function(xtape_separate_functions target)
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
endfunction()

# Never -ffast-math: when linked, it makes the whole process flush subnormals to zero.
function(xtape_optimise_kernels target)
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    # A loop marked `omp simd` may stay scalar, as under a sanitizer.
    target_compile_options(${target} PRIVATE -Wno-pass-failed)
  endif()
  xtape_separate_functions(${target})
  if(XTAPE_ARCH)
    # Public inside the tree, because xtensor's inline code depends on it. Not exported, because a
    # program that uses an installed xtape chooses its own processor.
    xtape_add_flag(${target} PUBLIC -march=${XTAPE_ARCH})
    xtape_add_flag(${target} PRIVATE -mprefer-vector-width=512)
  endif()
endfunction()

# For code that takes little of the time, such as the reading of flags: half the machine code, and
# less to compile.
function(xtape_optimise_size target)
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-Os>")
endfunction()
