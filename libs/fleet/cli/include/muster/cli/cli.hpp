#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

/// `muster <noun> <verb>`: the command line over the public REST API, and nothing but that.
namespace muster::cli {

/// What the command line touches outside, so that tests can stand in for it.
struct Surroundings {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    bool out_is_terminal = false;  ///< progress bars and colours only then
    std::map<std::string, std::string> environment;
    std::string data_dir;  ///< of a `muster up` on this machine, for its address and admin token
    std::string version;
};

/// Whether the first argument is one of the nouns, so that main knows whose it is.
[[nodiscard]] bool is_noun(std::string_view word);

/// Runs one command. The exit code: 0 done, 1 it failed (the reason is on `err`), 2 the words are
/// wrong.
[[nodiscard]] int run(std::vector<std::string> arguments, Surroundings surroundings);

/// A completion script for `bash` or `zsh`, made from the commands themselves; empty for another
/// shell.
[[nodiscard]] std::string completion(std::string_view shell);

}  // namespace muster::cli
