#include "context.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>

#include "muster/base/file.hpp"
#include "muster/http/url.hpp"

namespace muster::cli {

void Context::on(CLI::App& verb, Action action) {
    verb.callback([this, action = std::move(action)] { action_ = action; });
}

int Context::finish() {
    if (!action_) return 0;
    Result<void> done;
    try {
        done = action_();
    } catch (const std::exception& error) {  // a field of another type than the API promises
        done = fail(Errc::internal, std::string("the answer is not as expected: ") + error.what());
    }
    if (done) return 0;
    const Error& error = done.error();
    err() << "muster: " << error.message;
    if (!error.field.empty() && !error.message.contains(error.field))
        err() << " (" << error.field << ")";
    err() << "\n";
    if (error.code == Errc::unauthenticated) {
        err() << "Sign in with `muster login`, or give --token or MUSTER_TOKEN.\n";
    }
    if (error.message.contains("certificate verify failed")) {
        err() << "If the certificate is right, trust its authority with --ca FILE, a PEM file; for "
                 "a self-signed one that is the certificate itself.\n";
    }
    return 1;
}

std::string login_file(const Surroundings& around) {
    const auto find = [&](const char* name) {
        const auto found = around.environment.find(name);
        return found == around.environment.end() ? std::string() : found->second;
    };
    const std::string config = find("XDG_CONFIG_HOME");
    return (config.empty() ? find("HOME") + "/.config" : config) + "/muster/login.json";
}

Result<Context::Login> Context::login() const {
    const auto from_environment = [&](const char* name) {
        const auto found = around_.environment.find(name);
        return found == around_.environment.end() ? std::string() : found->second;
    };
    Login login{url, token, {}};
    if (!ca_file.empty()) {
        auto pem = read_file(ca_file);
        if (!pem) return std::unexpected(pem.error());
        login.ca_pem = std::move(*pem);
    }
    if (login.url.empty()) login.url = from_environment("MUSTER_URL");
    if (login.token.empty()) login.token = from_environment("MUSTER_TOKEN");
    const auto ready = read_file(around_.data_dir + "/ready.json");
    const json here = ready ? json::parse(*ready, nullptr, false) : json();
    const std::string address = here.is_object() ? here.value("http", "") : "";
    // The coordinator of this machine may serve HTTPS with its own authority.
    const auto trusting = [&]() -> Result<Login> {
        if (login.ca_pem.empty() && !address.empty() && login.url == address &&
            here.contains("ca")) {
            auto pem = read_file(here.value("ca", ""));
            if (!pem) return std::unexpected(pem.error());
            login.ca_pem = std::move(*pem);
        }
        return login;
    };
    if (!login.url.empty() && !login.token.empty()) return trusting();

    const auto kept = read_file(login_file(around_));
    const json known = kept ? json::parse(*kept, nullptr, false) : json();
    if (known.is_object()) {
        // A kept token belongs to the address it was kept with, and is sent nowhere else.
        const std::string kept_with = known.value("url", "");
        if (login.url.empty()) login.url = kept_with;
        if (login.token.empty() && login.url == kept_with) login.token = known.value("token", "");
        if (login.ca_pem.empty() && login.url == kept_with)
            login.ca_pem = known.value("ca_pem", "");
        if (!login.token.empty()) return trusting();
    }
    if (login.url.empty()) login.url = address;
    if (login.token.empty() && login.url == address) {
        if (auto admin = read_file(around_.data_dir + "/admin.token")) {
            admin->erase(admin->find_last_not_of(" \n\r") + 1);
            login.token = std::move(*admin);
        }
    }
    if (login.url.empty()) {
        return fail(Errc::unavailable,
                    "no Muster is known here: start one with `muster up`, or say where one is with "
                    "--url, MUSTER_URL or `muster login`; of one on this machine that was given a "
                    "--data-dir, set MUSTER_DATA_DIR to the same folder (" +
                        around_.data_dir + " has no ready.json)");
    }
    return trusting();
}

Result<Api*> Context::api() {
    if (!api_) {
        auto known = login();
        if (!known) return std::unexpected(known.error());
        auto endpoint = http::Endpoint::parse(known->url, known->ca_pem);
        if (!endpoint) return fail(endpoint.error().code, endpoint.error().message, "url");
        api_ = std::make_unique<Api>(std::move(*endpoint), known->token);
    }
    return api_.get();
}

bool Context::printed_json(const json& value) {
    if (as_json) out() << value.dump(2) << "\n";
    return as_json;
}

Result<void> Context::follow(const json& answer) {
    const json& operation = answer.contains("operation") ? answer["operation"] : answer;
    if (no_wait) {
        if (!printed_json(operation)) out() << "started: " << cell(operation, "id") << "\n";
        return {};
    }
    const std::string id = operation.at("id");
    std::string shown;
    json now = operation;
    const auto is_over = [](const json& op) {
        const std::string state = op.value("state", "");
        return state == "succeeded" || state == "failed" || state == "cancelled";
    };
    const auto show = [&] {
        if (as_json) return;
        std::string line = fmt::format("{} {} {}", now.value("kind", ""),
                                       bar(now.value("progress", json())), now.value("step", ""));
        if (const std::string detail = now.value("detail", ""); !detail.empty())
            line += ": " + detail;
        if (line == shown) return;
        shown = line;
        out() << (around_.out_is_terminal ? "\r\x1b[K" : "") << line
              << (around_.out_is_terminal ? "" : "\n") << std::flush;
    };
    // The event comes when it ends; looking again first, as it may have ended before we watched.
    const auto watched = api_->watch("/api/v1/events?kinds=operation", [&](std::string_view text) {
        const json event = json::parse(text, nullptr, false);
        if (event.is_object() && event.value("type", "") == "hello") {
            if (auto fresh = api_->get("/api/v1/operations/" + id)) now = std::move(*fresh);
        } else if (event.is_object() && event.contains("object") &&
                   event["object"].value("id", "") == id) {
            now = event["object"];
        }
        show();
        return !is_over(now);
    });
    if (around_.out_is_terminal && !as_json) out() << "\n";
    if (!watched && !is_over(now)) return std::unexpected(watched.error());
    printed_json(now);
    if (now.value("state", "") == "succeeded") return {};
    if (now.value("state", "") == "cancelled")
        return fail(Errc::cancelled, "the operation was cancelled");
    const json error = now.value("error", json::object());
    return fail(from_name(error.value("code", "internal")),
                error.value("message", "the operation failed"), error.value("field", ""));
}

Result<json> Context::resolve(const std::string& path, const std::string& name_or_id,
                              std::string_view noun) {
    auto coordinator = api();
    if (!coordinator) return std::unexpected(coordinator.error());
    auto direct = (*coordinator)->get(path + "/" + http::percent_encode(name_or_id));
    if (direct || direct.error().code != Errc::not_found) return direct;
    auto named = (*coordinator)->list(path + "?name=" + http::percent_encode(name_or_id));
    if (!named) return std::unexpected(named.error());
    std::erase_if(*named, [&](const json& item) { return item.value("name", "") != name_or_id; });
    if (named->empty())
        return fail(Errc::not_found, fmt::format("there is no {} {}", noun, name_or_id));
    if (named->size() > 1) {
        std::string ids;
        for (const json& item : *named) ids += " " + item.value("id", "");
        return fail(Errc::conflict, fmt::format("{} {}s are called {}; say which by its id:{}",
                                                named->size(), noun, name_or_id, ids));
    }
    return std::move(named->front());
}

}  // namespace muster::cli
