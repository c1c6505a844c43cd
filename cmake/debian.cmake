# `cpack` makes Debian packages for the release that it runs on: libxtape-dev with the headers and
# the static libraries, and xtape-mnist and xtape-cifar10 with a program each. `./run package` builds
# them for any processor.

if(BUILD_SHARED_LIBS OR NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

# Appends "package (>= 9.1), package (<< 9.2)" for version 9.1.0, because code compiled against one
# series of a library does not work with another.
function(xtape_append_series list package version)
  string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" series "${version}")
  math(EXPR next "${CMAKE_MATCH_2} + 1")
  list(APPEND ${list} "${package} (>= ${series})" "${package} (<< ${CMAKE_MATCH_1}.${next})")
  set(${list} "${${list}}" PARENT_SCOPE)
endfunction()

# Installs `file` with the component, in Debian packages only. Compresses it if its new name says
# so.
function(xtape_install_for_debian component file folder name)
  if(name MATCHES "\\.gz$")
    find_program(GZIP_PROGRAM gzip REQUIRED)
    set(packed "${PROJECT_BINARY_DIR}/debian/${name}")
    file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/debian")
    execute_process(COMMAND "${GZIP_PROGRAM}" -9nc "${file}" OUTPUT_FILE "${packed}"
                    COMMAND_ERROR_IS_FATAL ANY)
    set(file "${packed}")
  endif()
  install(FILES "${file}" DESTINATION "${folder}" RENAME "${name}" COMPONENT ${component}
          EXCLUDE_FROM_ALL)
endfunction()

# The files of every Debian package: copyright and changelog.
function(xtape_install_doc component package)
  set(doc "${CMAKE_INSTALL_DATAROOTDIR}/doc/${package}")
  xtape_install_for_debian(${component} "${PROJECT_SOURCE_DIR}/LICENSE" "${doc}" copyright)
  string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
  set(changelog "${PROJECT_BINARY_DIR}/debian/changelog")
  file(WRITE "${changelog}"
       "xtape (${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
       "  * Made from the sources of ${PROJECT_VERSION}; see their CHANGELOG.md.\n\n"
       " -- ${CPACK_PACKAGE_CONTACT}  ${now}\n")
  xtape_install_for_debian(${component} "${changelog}" "${doc}" changelog.Debian.gz)
endfunction()

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_CONTACT "the xtape authors <xtape@localhost>" CACHE STRING
    "Who answers for the packages: NAME <ADDRESS>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # the first line of each description below

set(depends xtl-dev zlib1g-dev libopenblas-dev)
xtape_append_series(depends libfmt-dev "${fmt_VERSION}")
xtape_append_series(depends libxtensor-dev "${xtensor_VERSION}")
if(XTAPE_USE_XSIMD)
  list(APPEND depends libxsimd-dev)
endif()
if(xtape_gemm STREQUAL onednn)
  list(APPEND depends libdnnl-dev)
endif()
list(JOIN depends ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libxtape-dev)
# Only programs that link a component need these.
set(recommends "")
if(TARGET xtape_datasets)
  list(APPEND recommends libcurl4-openssl-dev libssl-dev)
endif()
if(TARGET xtape_mpi)
  list(APPEND recommends libopenmpi-dev)
endif()
if(TARGET xtape_png)
  list(APPEND recommends libpng-dev)
endif()
list(JOIN recommends ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "automatic differentiation over xtensor arrays, in C++20
xtape differentiates computations over xtensor arrays and has the layers,
losses and optimizers to train neural networks on a CPU.
.
This package has the headers, the static libraries, and their CMake and
pkg-config files.")
xtape_install_doc(development libxtape-dev)

if(XTAPE_BUILD_EXAMPLES)
  foreach(program mnist cifar10)
    string(TOUPPER ${program} component)
    list(APPEND CPACK_COMPONENTS_ALL ${program})
    set(CPACK_DEBIAN_${component}_PACKAGE_NAME xtape-${program})
    set(CPACK_DEBIAN_${component}_PACKAGE_SECTION science)
    set(CPACK_DEBIAN_${component}_PACKAGE_SHLIBDEPS ON)
    set(CPACK_DEBIAN_${component}_PACKAGE_RECOMMENDS ca-certificates) # of downloads
    install(TARGETS ${program} COMPONENT ${program} EXCLUDE_FROM_ALL)
    xtape_install_doc(${program} xtape-${program})
    xtape_install_for_debian(${program} "${PROJECT_SOURCE_DIR}/docs/${program}.1"
                             "${CMAKE_INSTALL_MANDIR}/man1" ${program}.1.gz)
  endforeach()
  set(CPACK_DEBIAN_MNIST_PACKAGE_SUGGESTS dataset-fashion-mnist)
  set(CPACK_COMPONENT_MNIST_DESCRIPTION
      "neural network that learns to read handwritten digits
mnist trains a small network to read handwritten digits and shows how well
it does. It is the example program of xtape, an automatic differentiation
engine in C++20, and proves its gradients before it trains.")
  set(CPACK_COMPONENT_CIFAR10_DESCRIPTION
      "convolutional network that learns to name small pictures
cifar10 trains a convolutional network on the pictures of CIFAR-10 and shows
how well it does. It is an example program of xtape, an automatic
differentiation engine in C++20, and proves its gradients before it trains.")
endif()

include(CPack)
