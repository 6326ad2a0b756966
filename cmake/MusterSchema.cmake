# muster_schema(<name> FILE schemas/<x>.fbs): the interface target muster_<name>_schema, whose include path has
# the generated <x>_generated.h. The one schema is the only source: nothing generated is kept in the tree.
find_package(FlatBuffers REQUIRED NO_MODULE)
find_program(MUSTER_FLATC flatc REQUIRED)

function(muster_schema name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILE" "")
    cmake_path(GET arg_FILE STEM stem)
    set(folder ${CMAKE_BINARY_DIR}/schemas)
    set(generated ${folder}/${stem}_generated.h)
    add_custom_command(OUTPUT ${generated}
        COMMAND ${MUSTER_FLATC} --cpp --scoped-enums --cpp-std c++17 -o ${folder} ${CMAKE_SOURCE_DIR}/${arg_FILE}
        DEPENDS ${CMAKE_SOURCE_DIR}/${arg_FILE}
        COMMENT "Generating ${stem}_generated.h")
    add_custom_target(muster_${name}_schema_code DEPENDS ${generated})
    add_library(muster_${name}_schema INTERFACE)
    add_dependencies(muster_${name}_schema muster_${name}_schema_code)
    target_include_directories(muster_${name}_schema SYSTEM INTERFACE ${folder})
endfunction()
