#include "muster/base/error.hpp"

#include <array>

namespace muster {
namespace {

struct Row {
    Errc code;
    std::string_view name;
    int http;
    int grpc;
};

// The gRPC numbers are those of grpc::StatusCode, which is not included here for its weight.
// Where two codes share a number, from_grpc_status gives the first.
constexpr std::array rows{
    Row{Errc::invalid_argument, "invalid_argument", 400, 3},
    Row{Errc::unauthenticated, "unauthenticated", 401, 16},
    Row{Errc::permission_denied, "permission_denied", 403, 7},
    Row{Errc::not_found, "not_found", 404, 5},
    Row{Errc::conflict, "conflict", 409, 6},
    Row{Errc::precondition_failed, "precondition_failed", 412, 9},
    Row{Errc::too_large, "too_large", 413, 11},
    Row{Errc::unprocessable, "unprocessable", 422, 9},
    Row{Errc::rate_limited, "rate_limited", 429, 8},
    Row{Errc::exhausted, "exhausted", 409, 8},
    Row{Errc::unsupported, "unsupported", 501, 12},
    Row{Errc::unavailable, "unavailable", 503, 14},
    Row{Errc::timeout, "timeout", 504, 4},
    Row{Errc::cancelled, "cancelled", 409, 1},
    Row{Errc::internal, "internal", 500, 13},
};

const Row& row_of(Errc code) {
    for (const Row& row : rows) {
        if (row.code == code) return row;
    }
    return rows.back();
}

}  // namespace

std::string_view name_of(Errc code) {
    return row_of(code).name;
}
int http_status(Errc code) {
    return row_of(code).http;
}
int grpc_status(Errc code) {
    return row_of(code).grpc;
}

Errc from_grpc_status(int status) {
    for (const Row& row : rows) {
        if (row.grpc == status) return row.code;
    }
    return Errc::internal;
}

Errc from_name(std::string_view name) {
    for (const Row& row : rows) {
        if (row.name == name) return row.code;
    }
    return Errc::internal;
}

}  // namespace muster
