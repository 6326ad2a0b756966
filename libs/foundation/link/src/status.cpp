#include "status.hpp"

#include <algorithm>

#include "muster/base/encoding.hpp"

namespace muster::link {
namespace {

constexpr const char* code_key = "muster-code";
constexpr const char* field_key = "muster-field";
constexpr std::size_t field_bytes_max = 256;

// What HTTP/2 metadata may carry; anything else would break the call.
bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

grpc::Status to_status(const Error& error) {
    return {static_cast<grpc::StatusCode>(grpc_status(error.code)), to_utf8(error.message)};
}

void add_details(grpc::CallbackServerContext& context, const Error& error) {
    context.AddTrailingMetadata(code_key, std::string(name_of(error.code)));
    if (!error.field.empty() && error.field.size() <= field_bytes_max &&
        is_printable(error.field)) {
        context.AddTrailingMetadata(field_key, error.field);
    }
}

Error error_of(const grpc::Status& status, const grpc::ClientContext& context) {
    Error error{
        from_grpc_status(static_cast<int>(status.error_code())), status.error_message(), {}};
    const auto& details = context.GetServerTrailingMetadata();
    if (const auto code = details.find(code_key); code != details.end()) {
        const Errc exact = from_name({code->second.data(), code->second.size()});
        // Believed only where it refines what gRPC said.
        if (grpc_status(exact) == static_cast<int>(status.error_code())) error.code = exact;
    }
    if (const auto field = details.find(field_key); field != details.end()) {
        error.field = to_utf8({field->second.data(), field->second.size()});
    }
    if (error.message.empty())
        error.message = "the call failed: " + std::string(name_of(error.code));
    return error;
}

}  // namespace muster::link
