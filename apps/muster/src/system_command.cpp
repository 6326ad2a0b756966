#include "system_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "muster/kernel/kernel.hpp"

namespace muster {
namespace {

using kernel::Finding;

constexpr const char* usage =
    "Usage: muster system check|apply [--json]\n\n"
    "  check   what of this machine's kernel is not as thousands of players want it; exit code 1 "
    "if\n"
    "          there is any\n"
    "  apply   sets what can be set, as root, and keeps it in /etc/sysctl.d/90-muster.conf\n";

std::string_view word_of(Finding::State state) {
    switch (state) {
        case Finding::State::good:
            return "good";
        case Finding::State::wanting:
            return "too low";
        case Finding::State::advice:
            return "by hand";
        case Finding::State::absent:
            return "absent";
    }
    return "";
}

void print_table(const std::vector<Finding>& findings) {
    fmt::print("{:<32} {:<14} {:<20} {:<8} {}\n", "SETTING", "NOW", "WANTED", "", "WHY");
    for (const Finding& finding : findings) {
        fmt::print("{:<32} {:<14} {:<20} {:<8} {}\n", finding.name,
                   finding.now.empty() ? "-" : finding.now, finding.wanted, word_of(finding.state),
                   finding.why);
    }
}

void print_json(const std::vector<Finding>& findings) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"name", finding.name},
                        {"now", finding.now},
                        {"wanted", finding.wanted},
                        {"state", word_of(finding.state)},
                        {"why", finding.why}});
    }
    fmt::print("{}\n", list.dump());
}

int check(bool as_json) {
    const std::vector<Finding> findings = kernel::check();
    if (as_json) {
        print_json(findings);
    } else {
        print_table(findings);
    }
    const auto wanting = std::ranges::count(findings, Finding::State::wanting, &Finding::state);
    if (wanting > 0 && !as_json) {
        fmt::print("\n{} too low: `muster system apply` as root sets {}.\n", wanting,
                   wanting == 1 ? "it" : "them");
    }
    return wanting > 0 ? 1 : 0;
}

int apply(bool as_json) {
    const auto done = kernel::apply();
    if (!done) {
        fmt::print(stderr, "muster: {}\n", done.error().message);
        return 1;
    }
    if (as_json) {
        print_json(*done);
    } else if (done->empty()) {
        fmt::print("Nothing to set: all that can be set is as it should be.\n");
    } else {
        print_table(*done);
        fmt::print("\nSet, and kept in /etc/sysctl.d/90-muster.conf.\n");
    }
    return 0;
}

}  // namespace

int system_command(const std::vector<std::string>& words) {
    bool as_json = false;
    std::string verb;
    for (const std::string& word : words) {
        if (word == "--json") {
            as_json = true;
        } else if (word == "--help" || word == "-h") {
            fmt::print("{}", usage);
            return 0;
        } else if (verb.empty()) {
            verb = word;
        } else {
            verb = "?";
        }
    }
    if (verb == "check") return check(as_json);
    if (verb == "apply") return apply(as_json);
    fmt::print(stderr, "{}", usage);
    return 2;
}

}  // namespace muster
