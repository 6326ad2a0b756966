#include "connection.hpp"

#include <poll.h>

#include <array>
#include <bit>
#include <cstring>

#include "muster/base/assert.hpp"
#include "muster/base/text.hpp"

namespace muster::store_postgres {
namespace {

using std::chrono::steady_clock;

// PostgreSQL's own numbers for its types (pg_type.dat).
constexpr Oid oid_bytea = 17;
constexpr Oid oid_bigint = 20;
constexpr Oid oid_text = 25;
constexpr Oid oid_bytea_array = 1001;
constexpr Oid oid_bigint_array = 1016;

template <typename Number>
void append_number(std::string& to, Number number) {
    const auto swapped =
        std::endian::native == std::endian::little ? std::byteswap(number) : number;
    to.append(reinterpret_cast<const char*>(&swapped), sizeof swapped);
}

/// The head of an array of one dimension without nulls.
std::string array_head(Oid type, std::size_t count) {
    std::string out;
    append_number(out, std::int32_t{count == 0 ? 0 : 1});
    append_number(out, std::int32_t{0});
    append_number(out, static_cast<std::int32_t>(type));
    if (count == 0) return out;
    append_number(out, static_cast<std::int32_t>(count));
    append_number(out, std::int32_t{1});
    return out;
}

/// False when the deadline passed first.
bool wait_for(int socket, short events, steady_clock::time_point end) {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd wanted{.fd = socket, .events = events, .revents = 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(left.count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return true;  // whoever reads or writes now is told why
    }
}

/// libpq's messages have several lines; its hints are for people at a prompt.
std::string one_line(const char* said) {
    std::string out;
    for (const char c : std::string_view(said == nullptr ? "" : said)) {
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return std::string(trim(out));
}

struct FreeInfo {
    void operator()(PQconninfoOption* info) const { PQconninfoFree(info); }
};
using Info = std::unique_ptr<PQconninfoOption, FreeInfo>;

Info parse(const std::string& url) {
    char* said = nullptr;  // it may repeat the URL, and with it the password
    Info info(PQconninfoParse(url.c_str(), &said));
    PQfreemem(said);
    return info;
}

std::string value_of(const Info& info, std::string_view keyword) {
    for (const auto* option = info.get(); option->keyword != nullptr; ++option) {
        if (keyword == option->keyword && option->val != nullptr) return option->val;
    }
    return {};
}

}  // namespace

std::string Rows::text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::number(int row, int column) const {
    std::int64_t out = 0;
    MUSTER_ASSERT(PQgetlength(result_.get(), row, column) == sizeof out);
    std::memcpy(&out, PQgetvalue(result_.get(), row, column), sizeof out);
    return std::endian::native == std::endian::little ? std::byteswap(out) : out;
}

bool Rows::truth(int row, int column) const {
    return PQgetlength(result_.get(), row, column) == 1 &&
           *PQgetvalue(result_.get(), row, column) != 0;
}

Parameter bytea(std::string_view bytes) {
    return {oid_bytea, std::string(bytes)};
}

Parameter text(std::string_view text) {
    return {oid_text, std::string(text)};
}

Parameter bigint(std::int64_t number) {
    Parameter out{oid_bigint, {}};
    append_number(out.bytes, number);
    return out;
}

Parameter bytea_array(std::span<const std::string_view> items) {
    Parameter out{oid_bytea_array, array_head(oid_bytea, items.size())};
    for (const auto item : items) {
        append_number(out.bytes, static_cast<std::int32_t>(item.size()));
        out.bytes += item;
    }
    return out;
}

Parameter bigint_array(std::span<const std::int64_t> items) {
    Parameter out{oid_bigint_array, array_head(oid_bigint, items.size())};
    for (const auto item : items) {
        append_number(out.bytes, std::int32_t{sizeof item});
        append_number(out.bytes, item);
    }
    return out;
}

Result<std::string> shown(std::string_view url) {
    const bool is_postgres = url.starts_with("postgresql://") || url.starts_with("postgres://");
    if (!is_postgres || url.contains('\0')) {
        return fail(Errc::invalid_argument,
                    "must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, the one kind of shared "
                    "store that there is",
                    "url");
    }
    const auto info = parse(std::string(url));
    if (!info) {
        return fail(Errc::invalid_argument,
                    "is no URL that PostgreSQL understands; what is special in a password must be "
                    "percent-encoded",
                    "url");
    }
    const auto port = value_of(info, "port");
    return "postgresql://" + value_of(info, "host") + (port.empty() ? "" : ":" + port) + "/" +
           value_of(info, "dbname");
}

Result<Connection> Connection::open(const std::string& url, const std::string& name,
                                    milliseconds connect_timeout, milliseconds answer_timeout) {
    const auto end = steady_clock::now() + connect_timeout;
    // A name without a default of libpq's: what the URL says of it stays.
    const std::array<const char*, 4> keywords{"dbname", "fallback_application_name",
                                              "client_encoding", nullptr};
    const std::array<const char*, 4> values{url.c_str(), "muster", "UTF8", nullptr};
    Connection out(PQconnectStartParams(keywords.data(), values.data(), 1), name, answer_timeout);
    if (!out.connection_) return out.lost("out of memory");
    if (auto done = out.finish_connecting(end); !done) return std::unexpected(done.error());
    // Notices (of a table that is there already) are nobody's business.
    PQsetNoticeReceiver(out.connection_.get(), [](void*, const PGresult*) {}, nullptr);
    if (PQsetnonblocking(out.connection_.get(), 1) != 0) return out.lost("it cannot be polled");
    return out;
}

Result<void> Connection::finish_connecting(steady_clock::time_point end) {
    PGconn* connection = connection_.get();
    auto wanted = PGRES_POLLING_WRITING;
    if (PQstatus(connection) == CONNECTION_BAD) return lost(PQerrorMessage(connection));
    while (wanted != PGRES_POLLING_OK) {
        const short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        // The socket may be another one after each step: there may be several hosts.
        if (!wait_for(PQsocket(connection), events, end)) return lost("it does not answer");
        wanted = PQconnectPoll(connection);
        if (wanted == PGRES_POLLING_FAILED) return lost(PQerrorMessage(connection));
    }
    return {};
}

std::unexpected<Error> Connection::lost(std::string_view why) {
    is_alive_ = false;
    return fail(Errc::unavailable,
                "the store " + name_ + " is not there: " + one_line(std::string(why).c_str()));
}

std::unexpected<Error> Connection::refused(const PGresult* result) {
    const char* said = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string_view state = said == nullptr ? "" : said;
    const auto why = one_line(PQresultErrorMessage(result));
    const auto is_of = [&](std::string_view kind) { return state.starts_with(kind); };
    // 08: connection, 57P: the server goes or has ended the session, 25006: it became a standby.
    if (state.empty() || is_of("08") || is_of("57P") || state == "25006" ||
        PQstatus(connection_.get()) == CONNECTION_BAD) {
        return lost(why);
    }
    const std::string named = "the store " + name_ + ": " + why;
    if (is_of("53")) return fail(Errc::exhausted, named);
    // 40: a deadlock or the like, 55: somebody holds it, 57: cancelled, 58: the disk.
    if (is_of("40") || is_of("55") || is_of("57") || is_of("58")) {
        return fail(Errc::unavailable, named);
    }
    if (state == "42501") return fail(Errc::permission_denied, named);
    return fail(Errc::internal, named);
}

Result<void> Connection::wait_for_answer() {
    PGconn* connection = connection_.get();
    for (;;) {
        const int unsent = PQflush(connection);
        if (unsent < 0) return lost(PQerrorMessage(connection));
        if (unsent == 0 && PQisBusy(connection) == 0) return {};
        const auto events = static_cast<short>(unsent == 0 ? POLLIN : POLLIN | POLLOUT);
        if (!wait_for(PQsocket(connection), events, steady_clock::now() + answer_timeout_)) {
            return lost("it does not answer");
        }
        if (PQconsumeInput(connection) == 0) return lost(PQerrorMessage(connection));
    }
}

Result<Rows> Connection::run(const char* sql, std::span<const Parameter> parameters) {
    std::vector<Oid> types;
    std::vector<const char*> values;
    std::vector<int> lengths, formats;
    for (const auto& parameter : parameters) {
        types.push_back(parameter.type);
        values.push_back(parameter.bytes.data());
        lengths.push_back(static_cast<int>(parameter.bytes.size()));
        formats.push_back(1);
    }
    PGconn* connection = connection_.get();
    if (PQsendQueryParams(connection, sql, static_cast<int>(parameters.size()), types.data(),
                          values.data(), lengths.data(), formats.data(), 1) == 0) {
        return lost(PQerrorMessage(connection));
    }
    Rows last(nullptr);
    std::optional<Error> error;
    for (;;) {
        if (auto waited = wait_for_answer(); !waited) return std::unexpected(waited.error());
        PGresult* result = PQgetResult(connection);
        if (result == nullptr) break;
        const auto status = PQresultStatus(result);
        last = Rows(result);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !error) {
            error = refused(result).error();
        }
    }
    if (error) return std::unexpected(*error);
    return last;
}

bool Connection::looks_alive() {
    PGconn* connection = connection_.get();
    // A server that ends a session says why before it closes, and each read takes one of the two.
    for (int reads = 0; is_alive_ && reads < 4; ++reads) {
        pollfd readable{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
        if (::poll(&readable, 1, 0) <= 0) break;
        if (PQconsumeInput(connection) == 0) is_alive_ = false;
    }
    return is_alive_ && PQstatus(connection) == CONNECTION_OK;
}

}  // namespace muster::store_postgres
