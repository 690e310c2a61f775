# charter_library(NAME FOLDER dir [EXCEPT dirs...] [PRIVATE libs...] [PUBLIC libs...])
#   A static library charter_NAME from all .cc files below `dir`, except those of folders that are libraries of their own.
function(charter_library name)
  cmake_parse_arguments(ARG "" "FOLDER" "EXCEPT;PRIVATE;PUBLIC" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ARG_FOLDER}/*.cc)
  foreach(folder IN LISTS ARG_EXCEPT)
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_SOURCE_DIR}/${folder}/")
  endforeach()
  add_library(charter_${name} STATIC ${sources} ${CMAKE_SOURCE_DIR}/cmake/anchor.cc)
  target_include_directories(charter_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_definitions(charter_${name} PUBLIC JSON_USE_IMPLICIT_CONVERSIONS=0)
  target_link_libraries(charter_${name} PRIVATE charter_warnings ${ARG_PRIVATE} PUBLIC ${ARG_PUBLIC})
endfunction()

# charter_embed(LIBRARY SYMBOL FOLDER)
#   Compiles every FOLDER/*.yaml into charter_LIBRARY as `charter::embedded::SYMBOL()`, declared in
#   controller/base/embedded.h.
function(charter_embed library symbol folder)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.yaml)
  set(out ${CMAKE_BINARY_DIR}/embedded/${symbol}.cc)
  add_custom_command(OUTPUT ${out} COMMAND charter_pack ${out} ${symbol} ${files}
    DEPENDS ${files} charter_pack COMMENT "Packing ${folder}/*.yaml" VERBATIM)
  target_sources(charter_${library} PRIVATE ${out})
endfunction()

# charter_embed_build(LIBRARY)
#   Compiles what this build was made from into charter_LIBRARY as `charter::embedded::build()`. Looked up
#   at each build, because a commit or a checkout configures nothing; the file changes only if the answer does.
function(charter_embed_build library)
  set(out ${CMAKE_BINARY_DIR}/embedded/build.cc)
  add_custom_target(charter_build_facts BYPRODUCTS ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSOURCE=${CMAKE_SOURCE_DIR} -P ${CMAKE_SOURCE_DIR}/cmake/build_facts.cmake
    COMMENT "Looking up the commit" VERBATIM)
  set_source_files_properties(${out} PROPERTIES GENERATED TRUE)
  target_sources(charter_${library} PRIVATE ${out})
  add_dependencies(charter_${library} charter_build_facts)
endfunction()

# charter_messages(LIBRARY FOLDER)
#   Compiles every FOLDER/*.proto with protoc into charter_LIBRARY; its sources include them as "<last part of FOLDER>/NAME.pb.h".
function(charter_messages library folder)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.proto)
  cmake_path(GET folder PARENT_PATH root)
  cmake_path(GET folder FILENAME last)
  set(out ${CMAKE_BINARY_DIR}/messages)
  file(MAKE_DIRECTORY ${out})
  foreach(file IN LISTS files)
    cmake_path(GET file STEM name)
    set(generated ${out}/${last}/${name}.pb.cc ${out}/${last}/${name}.pb.h)
    # Files import each other: a change of one compiles all again.
    add_custom_command(OUTPUT ${generated}
      COMMAND protobuf::protoc -I${CMAKE_SOURCE_DIR}/${root} --cpp_out=${out} ${file}
      DEPENDS ${files} COMMENT "Compiling ${folder}/${name}.proto" VERBATIM)
    set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS -w)
    target_sources(charter_${library} PRIVATE ${generated})
  endforeach()
  target_include_directories(charter_${library} SYSTEM PRIVATE ${out})
endfunction()
