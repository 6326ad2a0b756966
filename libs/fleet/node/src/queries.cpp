#include "queries.hpp"

#include <algorithm>
#include <filesystem>

#include "convert.hpp"
#include "safe_folder.hpp"

namespace muster::node {
namespace {

constexpr std::size_t line_max = 4096;

asio::awaitable<Result<void>> inspect(Host& host, std::string container, wire::Answer& out) {
    if (const auto server = host.find(container)) container = server->instance_name();
    const auto seen = co_await host.around().runtime.instances().inspect(std::move(container));
    if (!seen) co_return std::unexpected(seen.error());
    *out.mutable_container() = to_wire(*seen);
    co_return Result<void>();
}

asio::awaitable<Result<void>> artifacts(Host& host, std::string kind, wire::Answer& out) {
    const auto which = artifact_kind(kind);
    if (!which) co_return std::unexpected(which.error());
    const auto all = co_await host.around().runtime.artifacts().list(*which);
    if (!all) co_return std::unexpected(all.error());
    for (const runtime::Artifact& artifact : *all) *out.add_artifacts() = to_wire(artifact);
    co_return Result<void>();
}

asio::awaitable<Result<void>> change(Host& host, wire::ChangeArtifact wanted, wire::Answer& out) {
    const auto which = artifact_kind(wanted.kind());
    if (!which) co_return std::unexpected(which.error());
    runtime::Artifacts& artifacts = host.around().runtime.artifacts();
    if (wanted.remove()) {
        co_return co_await artifacts.remove(*which, wanted.artifact().id());
    }
    runtime::Artifact artifact;
    artifact.kind = *which;
    artifact.names.assign(wanted.artifact().names().begin(), wanted.artifact().names().end());
    artifact.driver = wanted.artifact().driver();
    artifact.labels.insert(wanted.artifact().labels().begin(), wanted.artifact().labels().end());
    auto made = co_await artifacts.create(std::move(artifact));
    if (!made) co_return std::unexpected(made.error());
    out.set_created_id(*made);
    co_return Result<void>();
}

Result<void> history(Host& host, const wire::History& wanted, wire::Answer& out) {
    const History* from = &host.history();
    std::shared_ptr<Server> server;
    if (!wanted.server_id().empty()) {
        server = host.find(wanted.server_id());
        if (!server) return fail(Errc::not_found, "there is no such server here", "server_id");
        from = &server->history();
    }
    for (wire::Sample& sample : from->last(wanted.seconds() == 0 ? 3600 : wanted.seconds())) {
        sample.set_server_id(wanted.server_id());
        *out.add_history() = std::move(sample);
    }
    return {};
}

asio::awaitable<Result<void>> type(Host& host, wire::TypeConsole wanted) {
    const auto server = host.find(wanted.server_id());
    if (!server) {
        co_return fail(Errc::not_found, "there is no such server here", "server_id");
    }
    if (wanted.line().size() > line_max) {
        co_return fail(Errc::too_large, "the line is too long", "line");
    }
    if (wanted.line().find_first_of("\r\n") != std::string::npos) {
        co_return fail(Errc::invalid_argument, "it is more than one line", "line");
    }
    if (!server->runs()) co_return fail(Errc::conflict, "the server does not run");
    co_return co_await server->console().write(wanted.line() + "\n");
}

std::shared_ptr<Server> user_of(Host& host, const std::string& data) {
    for (const auto& [id, server] : host.servers()) {
        if (server->data_name() == data) return server;
    }
    return nullptr;
}

Result<void> list_data(Host& host, wire::Answer& out) {
    std::error_code error;
    const std::filesystem::path folder = host.around().data_dir / "data";
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (!entry.is_directory(error)) continue;
        wire::DataFolder& data = *out.add_data();
        data.set_name(entry.path().filename());
        const auto server = user_of(host, data.name());
        if (server) data.set_server_id(server->id());
        // What is used is measured now and then; what is not, here, and not beyond reason.
        data.set_size_bytes(server && server->disk_used > 0 ? server->disk_used
                                                            : folder_bytes(entry.path(), 20'000));
    }
    return {};
}

Result<void> remove_data(Host& host, const std::string& name) {
    if (!is_folder_name(name)) {
        return fail(Errc::invalid_argument, "that is no name of a data folder", "name");
    }
    if (const auto server = user_of(host, name)) {
        return fail(Errc::conflict, "the server " + server->id() + " uses it", "name");
    }
    const std::filesystem::path folder = host.around().data_folder(name);
    if (!std::filesystem::exists(std::filesystem::symlink_status(folder))) {
        return fail(Errc::not_found, "there is no such data folder", "name");
    }
    return remove_tree(folder);
}

asio::awaitable<Result<void>> dispatch(Host& host, wire::Query query, wire::Answer& out) {
    switch (query.question_case()) {
        case wire::Query::kInspect:
            co_return co_await inspect(host, query.inspect().container_id(), out);
        case wire::Query::kArtifacts:
            co_return co_await artifacts(host, query.artifacts().kind(), out);
        case wire::Query::kChangeArtifact:
            co_return co_await change(host, query.change_artifact(), out);
        case wire::Query::kHistory:
            co_return history(host, query.history(), out);
        case wire::Query::kTypeConsole:
            co_return co_await type(host, query.type_console());
        case wire::Query::kData:
            co_return list_data(host, out);
        case wire::Query::kRemoveData:
            co_return remove_data(host, query.remove_data().name());
        case wire::Query::QUESTION_NOT_SET:
            break;
    }
    co_return fail(Errc::unsupported, "this node does not know such a question", "question");
}

}  // namespace

asio::awaitable<wire::Answer> answer(Host& host, wire::Query query) {
    wire::Answer out;
    out.set_id(query.id());
    const Result<void> done = co_await dispatch(host, std::move(query), out);
    out.set_ok(done.has_value());
    if (!done) {
        out.set_error_code(std::string(name_of(done.error().code)));
        out.set_error_message(done.error().message);
        out.set_error_field(done.error().field);
    }
    co_return out;
}

}  // namespace muster::node
