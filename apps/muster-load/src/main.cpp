#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "run.hpp"

namespace {

std::atomic<bool> stop = false;

void on_signal(int) {
    stop = true;
}

constexpr int wrong = 1, usage = 2, not_playable = 3;

}  // namespace

int main(int argc, char** argv) {
    using namespace muster::load;
    auto told = read_options({argv + 1, argv + argc});
    if (!told) {
        std::fprintf(stderr, "muster-load: %s\nmuster-load --help says what it takes.\n",
                     told.error().message.c_str());
        return usage;
    }
    if (told->text) {
        std::fputs(told->text->c_str(), stdout);
        return 0;
    }
    auto& options = told->options;
    options.quiet = options.quiet || ::isatty(STDERR_FILENO) == 0;
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    std::signal(SIGPIPE, SIG_IGN);
    const auto findings = run(options, stop);
    if (!findings) {
        std::fprintf(stderr, "muster-load: %s\n", findings.error().message.c_str());
        return findings.error().code == muster::Errc::invalid_argument ? usage : not_playable;
    }
    const auto text = options.json ? to_json(options, *findings) : to_table(options, *findings);
    std::fputs(text.c_str(), stdout);
    if (findings->is_wrong()) return wrong;
    if (findings->joins.playing == 0) return not_playable;
    return findings->is_short(options) ? wrong : 0;
}
