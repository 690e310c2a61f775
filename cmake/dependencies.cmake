# Every third-party library, found once. Each is linked PRIVATE by the one folder that owns its wall.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.74.0 EXACT REQUIRED)
find_package(ZLIB REQUIRED)
find_package(cpprestsdk REQUIRED)  # outgoing requests only; after Boost, so that both are the same 1.74
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(tl-expected REQUIRED)
find_package(mimalloc REQUIRED)
find_package(GTest REQUIRED)
find_package(Protobuf REQUIRED)  # the whole library: Kubernetes' documents are converted by reflection
if(CHARTER_SANITIZE MATCHES thread)
  # Its headers give maps another layout under TSan than the system's library was built with.
  set_property(TARGET protobuf::libprotobuf APPEND PROPERTY INTERFACE_COMPILE_OPTIONS -U__SANITIZE_THREAD__)
endif()
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(LIBVIRT REQUIRED IMPORTED_TARGET libvirt)
pkg_check_modules(LIBGIT2 REQUIRED IMPORTED_TARGET libgit2)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
find_package(pugixml REQUIRED)

# Asio and Beast are header-only. Coroutines stay off: g++ 12.2 miscompiles them. The io_context's
# thread model and debug macros must stay at their defaults (libcpprest carries the same Asio).
add_library(charter_boost INTERFACE)
target_include_directories(charter_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(charter_boost INTERFACE BOOST_ASIO_DISABLE_CO_AWAIT)
