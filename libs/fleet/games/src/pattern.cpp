#include "muster/games/pattern.hpp"

#include <re2/re2.h>

namespace muster::games {

struct Pattern::Compiled {
    Compiled(std::string_view expression, const re2::RE2::Options& options)
        : expression_(re2::StringPiece(expression.data(), expression.size()), options) {}
    re2::RE2 expression_;
};

Result<Pattern> Pattern::make(std::string_view expression) {
    if (expression.size() > pattern_bytes_max)
        return fail(Errc::invalid_argument,
                    "a pattern has at most " + std::to_string(pattern_bytes_max) + " bytes");
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);  // bounds what a definition can make us compile
    auto compiled = std::make_shared<const Compiled>(expression, options);
    if (!compiled->expression_.ok())
        return fail(Errc::invalid_argument,
                    "is no regular expression: " + compiled->expression_.error());
    return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()),
                                  compiled_->expression_);
}

bool Pattern::matches(std::string_view text) const {
    return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled_->expression_);
}

}  // namespace muster::games
