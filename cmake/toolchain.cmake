# ccache and mold when present; every warning is an error.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths relative to the checkout, so that a second clone finds what the first compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g1")  # with sanitizers it compiles as fast as -O0, to a third of the size, and runs twice as fast
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")

add_library(charter_warnings INTERFACE)
# g++ 12 reports -Wrestrict falsely on "literal" + std::string at -O2, and -Wmaybe-uninitialized inside
# std::variant and tl::expected.
target_compile_options(charter_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Werror -Wno-restrict -Wno-maybe-uninitialized -Wno-missing-field-initializers)
if(CHARTER_SANITIZE)
  add_compile_options(-fsanitize=${CHARTER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CHARTER_SANITIZE})
  if(CHARTER_SANITIZE MATCHES undefined)
    # ASan reports a null or freed object as well; these three are a third of a test's compile time, and vptr takes templates
    # that cpprestsdk and we both instantiate for foreign types.
    add_compile_options(-fno-sanitize=null,alignment,vptr)
  endif()
  if(CHARTER_SANITIZE MATCHES thread)
    add_compile_options(-Wno-tsan)  # Asio's fences; its queues are also guarded by mutexes that TSan sees
  endif()
endif()
if(CHARTER_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
