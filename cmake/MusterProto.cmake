# muster_proto(<name> FILE path/below/proto/x.proto)
#
# Two targets of generated code, made once, into the build tree:
#   muster_<name>_proto  the messages: #include "path/below/proto/x.pb.h"
#   muster_<name>_grpc   the service's stubs; only the room that owns gRPC links it
# Their headers are system headers and their sources are built without warnings: generated code is
# not ours to mend.

function(muster_proto name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILE" "")
    set(root ${CMAKE_SOURCE_DIR}/proto)
    set(out ${CMAKE_BINARY_DIR}/generated)
    file(MAKE_DIRECTORY ${out})
    string(REGEX REPLACE "\\.proto$" "" stem ${arg_FILE})

    add_custom_command(
        OUTPUT ${out}/${stem}.pb.cc ${out}/${stem}.pb.h
        COMMAND protobuf::protoc -I ${root} --cpp_out=${out} ${root}/${arg_FILE}
        DEPENDS ${root}/${arg_FILE}
        COMMENT "Generating the messages of ${arg_FILE}"
        VERBATIM)
    add_custom_command(
        OUTPUT ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h
        COMMAND protobuf::protoc -I ${root} --grpc_out=${out}
            --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${root}/${arg_FILE}
        DEPENDS ${root}/${arg_FILE}
        COMMENT "Generating the stubs of ${arg_FILE}"
        VERBATIM)

    add_library(muster_${name}_proto STATIC ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    target_include_directories(muster_${name}_proto SYSTEM PUBLIC ${out})
    target_compile_options(muster_${name}_proto PRIVATE -w)
    target_link_libraries(muster_${name}_proto PUBLIC protobuf::libprotobuf)

    add_library(muster_${name}_grpc STATIC ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
    target_compile_options(muster_${name}_grpc PRIVATE -w)
    target_link_libraries(muster_${name}_grpc PUBLIC muster_${name}_proto gRPC::grpc++)
endfunction()
